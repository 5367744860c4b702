import type { Context } from '../platform/context.ts'
import type { Queryable } from '../platform/db.ts'
import { lastAdministrator, userNotFound } from './errors.ts'
import * as queries from './queries.ts'
import { revokeSessions } from './session-queries.ts'

/** What administrators do with accounts. */

export async function getUser(ctx: Context, id: string): Promise<queries.UserRow> {
  const user = await queries.findUser(ctx.db, id)
  if (!user) throw userNotFound(id)
  return user
}

/** @throws AppError LAST_ADMINISTRATOR (409), USER_NOT_FOUND (404) */
export function changeRole(ctx: Context, id: string, role: queries.Role): Promise<queries.UserRow> {
  return ctx.db.transaction(async (tx) => {
    if (role !== 'admin') await keepAnAdministrator(tx, id)
    const user = await queries.setRole(tx, id, role)
    if (!user) throw userNotFound(id)
    return user
  })
}

/** Ends every session as well, so that enabling the user again revives none. */
export function disableUser(ctx: Context, id: string): Promise<queries.UserRow> {
  return ctx.db.transaction(async (tx) => {
    await keepAnAdministrator(tx, id)
    const user = await queries.setDisabled(tx, id, true)
    if (!user) throw userNotFound(id)
    await revokeSessions(tx, id, 'disabled')
    return user
  })
}

export async function enableUser(ctx: Context, id: string): Promise<queries.UserRow> {
  const user = await queries.setDisabled(ctx.db, id, false)
  if (!user) throw userNotFound(id)
  return user
}

/** The lock makes two administrators who demote each other at the same time take turns. */
async function keepAnAdministrator(tx: Queryable, leavingId: string): Promise<void> {
  const administrators = await queries.lockAdministrators(tx)
  if (administrators.length === 1 && String(administrators[0]) === leavingId) throw lastAdministrator()
}

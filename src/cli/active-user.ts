import { type Actor, findUserByName } from '../auth/index.ts'
import { ConfigError } from '../platform/config.ts'
import type { Context } from '../platform/context.ts'

/** As whom a command works that goes straight to the database. */
export async function activeUser({ db }: Context, name: string): Promise<Actor> {
  const user = await findUserByName(db, name)
  if (!user || user.disabled_at) throw new ConfigError(`${name} is not an active user.`)
  return { id: user.id, username: user.username, role: user.role, sessionId: '' }
}

import type { VersionRow } from '../platform/data-version.ts'
import type { Queryable } from '../platform/db.ts'
import type { Role } from './queries.ts'

export type RevokedReason = 'logout' | 'password' | 'disabled' | 'reuse' | 'revoked' | 'reset'

export interface SessionRow {
  id: string
  created_at: Date
  rotated_at: Date
  expires_at: Date
  user_agent: string | null
  address: string | null
}

/**
 * Opens a session for a user who is enabled and has that password still. The share lock makes a login and a new password
 * (or a disabling) take turns: either the session is there to be ended by it, or it is not opened.
 */
export async function insertSession(
  db: Queryable,
  session: {
    id: string
    userId: number
    passwordHash: string
    secret: Uint8Array
    days: number
    userAgent: string | null
    address: string | null
  },
): Promise<boolean> {
  const { id, userId, passwordHash, secret, days, userAgent, address } = session
  const { rowCount } = await db.query({
    name: 'auth/insert-session',
    text: `insert into sessions (id, user_id, secret, expires_at, user_agent, address)
           select $1, u.id, $3, now() + make_interval(days => $4), $5, $6
             from users u where u.id = $2 and u.password_hash = $7 and u.disabled_at is null for share`,
    values: [id, userId, secret, days, userAgent, address, passwordHash],
  })
  return rowCount === 1
}

/**
 * Who stands behind each of these sessions, now; an ended session or a disabled user is left out. What it reads is counted
 * when it changes: see `count_access_change` in migrations/.
 *
 * @param scopeSql what the user `u` may read
 */
export async function findActors(db: Queryable, sessionIds: string[], scopeSql: string) {
  const { rows } = await db.query<FoundSession & VersionRow>({
    name: 'auth/find-actors',
    quick: true,
    text: `select s.id as session_id, extract(epoch from s.expires_at)::float8 as expires, u.id, u.username, u.role,
                  ${scopeSql} as scope, v.incarnation, v.changes, v.past, v.now, v.access
             from sessions s join users u on u.id = s.user_id cross join data_version v
            where s.id = any($1::uuid[]) and s.revoked_at is null and s.expires_at > now() and u.disabled_at is null`,
    values: [sessionIds],
  })
  return rows
}

interface FoundSession {
  session_id: string
  /** Seconds since 1970. */
  expires: number
  id: number
  username: string
  role: Role
  scope: string
}

/** The session with its row lock, so that one refresh token has one successor. */
export async function lockSession(tx: Queryable, id: string) {
  const { rows } = await tx.query<{
    user_id: number
    secret: Buffer
    generation: number
    alive: boolean
    within_grace: boolean
  }>({
    name: 'auth/lock-session',
    text: `select s.user_id, s.secret, s.generation,
                  s.revoked_at is null and s.expires_at > now() and u.disabled_at is null as alive,
                  s.rotated_at > now() - interval '10 seconds' as within_grace
             from sessions s join users u on u.id = s.user_id
            where s.id = $1 for update of s`,
    values: [id],
  })
  return rows[0]
}

export async function rotateSession(tx: Queryable, id: string): Promise<void> {
  await tx.query({
    name: 'auth/rotate-session',
    text: 'update sessions set generation = generation + 1, rotated_at = now() where id = $1',
    values: [id],
  })
}

export async function listSessions(db: Queryable, userId: number): Promise<SessionRow[]> {
  const { rows } = await db.query<SessionRow>({
    name: 'auth/list-sessions',
    text: `select id, created_at, rotated_at, expires_at, user_agent, address from sessions
            where user_id = $1 and revoked_at is null and expires_at > now() order by created_at desc limit 100`,
    values: [userId],
  })
  return rows
}

/** True when the user had this session and it was still alive. */
export async function revokeSession(
  db: Queryable,
  userId: number,
  id: string,
  reason: RevokedReason,
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'auth/revoke-session',
    text: `update sessions set revoked_at = now(), revoked_reason = $3
            where user_id = $1 and id = $2 and revoked_at is null and expires_at > now()`,
    values: [userId, id, reason],
  })
  return rowCount === 1
}

/** Ends every session of a user, but for the one named. */
export async function revokeSessions(db: Queryable, userId: number | string, reason: RevokedReason, except?: string) {
  await db.query({
    name: 'auth/revoke-sessions',
    text: `update sessions set revoked_at = now(), revoked_reason = $2
            where user_id = $1 and revoked_at is null and id is distinct from $3`,
    values: [userId, reason, except ?? null],
  })
}

/** Removes sessions a month after they have expired, and counters of attempts to log in once they have. */
export async function deleteExpired(db: Queryable): Promise<void> {
  await db.query({ text: `delete from sessions where expires_at < now() - interval '30 days'` })
  await db.query({ text: 'delete from login_attempts where expire < extract(epoch from now()) * 1000' })
}

import type { Queryable } from '../platform/db.ts'

export type Role = 'user' | 'admin'

export interface UserRow {
  id: number
  username: string
  email: string | null
  role: Role
  disabled_at: Date | null
  created_at: Date
}

const USER_COLUMNS = 'id, username, email, role, disabled_at, created_at'

/** Undefined when the name is taken. */
export async function insertUser(
  db: Queryable,
  user: { username: string; email: string | null; role: Role; passwordHash: string; isDemo: boolean },
): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>({
    name: 'auth/insert-user',
    text: `insert into users (username, email, role, password_hash, is_demo) values ($1, $2, $3, $4, $5)
           on conflict (lower(username)) do nothing returning ${USER_COLUMNS}`,
    values: [user.username, user.email, user.role, user.passwordHash, user.isDemo],
  })
  return rows[0]
}

export async function findCredentials(db: Queryable, username: string) {
  const { rows } = await db.query<UserRow & { password_hash: string }>({
    name: 'auth/find-credentials',
    text: `select ${USER_COLUMNS}, password_hash from users where lower(username) = lower($1)`,
    values: [username],
  })
  return rows[0]
}

export async function findCredentialsById(db: Queryable, userId: number) {
  const { rows } = await db.query<{ password_hash: string; username: string }>({
    name: 'auth/find-credentials-by-id',
    text: 'select username, password_hash from users where id = $1 and disabled_at is null',
    values: [userId],
  })
  return rows[0]
}

export async function findUser(db: Queryable, id: string): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>({
    name: 'auth/find-user',
    text: `select ${USER_COLUMNS} from users where id = $1`,
    values: [id],
  })
  return rows[0]
}

/** Users in order of id, after `afterId`. */
export async function listUsers(db: Queryable, afterId: string, limit: number): Promise<UserRow[]> {
  const { rows } = await db.query<UserRow>({
    name: 'auth/list-users',
    text: `select ${USER_COLUMNS} from users where id > $1 order by id limit $2`,
    values: [afterId, limit],
  })
  return rows
}

/** Holds off every other change to who is an administrator until the transaction ends. */
export async function lockAdministrators(tx: Queryable): Promise<number[]> {
  const { rows } = await tx.query<{ id: number }>({
    name: 'auth/lock-administrators',
    text: `select id from users where role = 'admin' and disabled_at is null order by id for update`,
  })
  return rows.map((row) => row.id)
}

export async function setRole(tx: Queryable, id: string, role: Role): Promise<UserRow | undefined> {
  const { rows } = await tx.query<UserRow>({
    name: 'auth/set-role',
    text: `update users set role = $2 where id = $1 returning ${USER_COLUMNS}`,
    values: [id, role],
  })
  return rows[0]
}

export async function setDisabled(tx: Queryable, id: string, disabled: boolean): Promise<UserRow | undefined> {
  const { rows } = await tx.query<UserRow>({
    name: 'auth/set-disabled',
    text: `update users set disabled_at = case when $2 then coalesce(disabled_at, now()) end
            where id = $1 returning ${USER_COLUMNS}`,
    values: [id, disabled],
  })
  return rows[0]
}

/** @param current the hash it replaces, if that matters: false when somebody else has changed it since */
export async function setPassword(
  tx: Queryable,
  userId: number,
  passwordHash: string,
  current?: string,
): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'auth/set-password',
    text: `update users set password_hash = $2, is_demo = false
            where id = $1 and ($3::text is null or password_hash = $3)`,
    values: [userId, passwordHash, current ?? null],
  })
  return rowCount === 1
}

export async function listDemoUsers(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ username: string }>({
    text: 'select username from users where is_demo and disabled_at is null order by id',
  })
  return rows.map((row) => row.username)
}

export async function findUserByName(db: Queryable, username: string): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>({
    text: `select ${USER_COLUMNS} from users where lower(username) = lower($1)`,
    values: [username],
  })
  return rows[0]
}

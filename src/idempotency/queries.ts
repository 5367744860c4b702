import type { Queryable } from '../platform/db.ts'

/** What names a key: the same text of two owners is two keys. */
export interface KeyName {
  owner: string
  key: string
}

export interface KeptRow {
  request_hash: Buffer
  status: number
  headers: Record<string, string>
  /** Sealed. */
  body: Buffer | null
}

/** @returns false when another transaction has it; held until this one ends */
export async function tryLock(tx: Queryable, lock: bigint): Promise<boolean> {
  const { rows } = await tx.query<{ locked: boolean }>({
    name: 'idempotency/lock',
    text: 'select pg_try_advisory_xact_lock($1::bigint) as locked',
    values: [lock],
  })
  return rows[0]?.locked === true
}

export async function findKept(db: Queryable, { owner, key }: KeyName): Promise<KeptRow | undefined> {
  const { rows } = await db.query<KeptRow>({
    name: 'idempotency/find',
    text: `select request_hash, status, headers, body from idempotency_keys
            where owner = $1 and key = $2 and expires_at > now()`,
    values: [owner, key],
  })
  return rows[0]
}

/** In the place of one that has expired. */
export async function insertKept(tx: Queryable, { owner, key }: KeyName, row: KeptRow, hours: number): Promise<void> {
  await tx.query({
    name: 'idempotency/insert',
    text: `insert into idempotency_keys as k (owner, key, request_hash, status, headers, body, expires_at)
           values ($1, $2, $3, $4, $5, $6, now() + make_interval(hours => $7))
           on conflict (owner, key) do update
              set request_hash = excluded.request_hash, status = excluded.status, headers = excluded.headers,
                  body = excluded.body, created_at = now(), expires_at = excluded.expires_at`,
    values: [owner, key, row.request_hash, row.status, JSON.stringify(row.headers), row.body, hours],
  })
}

/** Another answer to the same request; its time goes on running. */
export async function updateKept(db: Queryable, { owner, key }: KeyName, row: KeptRow): Promise<void> {
  await db.query({
    name: 'idempotency/update',
    text: `update idempotency_keys set status = $4, headers = $5, body = $6
            where owner = $1 and key = $2 and request_hash = $3`,
    values: [owner, key, row.request_hash, row.status, JSON.stringify(row.headers), row.body],
  })
}

/** @returns how many were deleted, at most `limit` */
export async function deleteExpired(db: Queryable, limit: number): Promise<number> {
  const { rowCount } = await db.query({
    text: `delete from idempotency_keys k
            using (select owner, key from idempotency_keys where expires_at <= now()
                    order by expires_at limit $1 for update skip locked) old
            where k.owner = old.owner and k.key = old.key`,
    values: [limit],
  })
  return rowCount ?? 0
}

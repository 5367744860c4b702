import type { VersionRow } from './data-version.ts'
import type { Queryable } from './db.ts'

/** As it is now. Read on every request that says who it is from. */
export async function findVersion(db: Queryable): Promise<VersionRow> {
  const { rows } = await db.query<VersionRow>({
    name: 'platform/find-version',
    quick: true,
    text: 'select incarnation, changes, past, now, access from data_version',
  })
  if (!rows[0]) throw new Error('the row of past_epoch is missing')
  return rows[0]
}

/** The lock that writers share until their change can be seen; see `count_data_change` in migrations/. */
const WRITERS = 7_263_002

/**
 * Where the write-ahead log ended when no change that had been counted before this was asked was still to be committed;
 * undefined while one is. Never waits; the lock is held for the length of this statement, as it is the whole transaction.
 */
export async function findSettledPosition(db: Queryable): Promise<string | undefined> {
  const { rows } = await db.query<{ lsn: string | null }>({
    name: 'platform/find-settled-position',
    text: `select case when pg_try_advisory_xact_lock(${WRITERS}) then pg_current_wal_insert_lsn() end as lsn`,
  })
  return rows[0]?.lsn ?? undefined
}

/** After a crash of the database has emptied it. */
export async function renewIncarnation(db: Queryable): Promise<void> {
  await db.query({
    name: 'platform/renew-incarnation',
    text: 'insert into data_incarnation default values on conflict do nothing',
  })
}

import type { Queryable } from './db.ts'

/** Whom a mark is for when it is for all. */
export const EVERYBODY = 0

/** Where the write-ahead log of the primary is durable up to: as far as a replica can have come. */
export async function readPrimaryPosition(primary: Queryable): Promise<string> {
  const { rows } = await primary.query<{ lsn: string }>({
    name: 'replica/primary-position',
    text: 'select pg_current_wal_flush_lsn() as lsn',
  })
  return rows[0]?.lsn ?? ''
}

/** How far a standby has come; undefined for a server that follows no other. */
export async function readReplayPosition(standby: Queryable): Promise<string | undefined> {
  const { rows } = await standby.query<{ lsn: string | null }>({
    name: 'replica/replay-position',
    text: 'select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() end as lsn',
  })
  return rows[0]?.lsn ?? undefined
}

/** Whether all that the reader has to see is in the log up to `lsn`. Asked on the primary. */
export async function isPast(primary: Queryable, reader: number, lsn: string): Promise<boolean> {
  const { rows } = await primary.query<{ past: boolean }>({
    name: 'replica/is-past',
    quick: true,
    text: `select not exists (select from replica_marks where reader in ($1, ${EVERYBODY}) and lsn > $2::pg_lsn) as past`,
    values: [reader, lsn],
  })
  return rows[0]?.past ?? false
}

/** After the commit: the log holds it up to here. The position is read once a row is locked, so marks only go on. */
export async function markCommitted(primary: Queryable, readers: number[]): Promise<void> {
  await primary.query({
    name: 'replica/mark-committed',
    text: `insert into replica_marks as m
           select reader, pg_current_wal_insert_lsn() from unnest($1::bigint[]) reader order by reader
           on conflict (reader) do update set lsn = pg_current_wal_insert_lsn()`,
    values: [readers],
  })
}

/** The last statement of a transaction, which nobody waits for to mark its commit: no replica will do until somebody has. */
export async function markCommitting(tx: Queryable, reader: number): Promise<void> {
  await tx.query({
    name: 'replica/mark-committing',
    text: `insert into replica_marks as m values ($1, 'FFFFFFFF/FFFFFFFF')
           on conflict (reader) do update set lsn = excluded.lsn`,
    values: [reader],
  })
}

import type { Db, Queryable } from '../platform/db.ts'

/** Makes the partitions of the coming months; a month without one falls into the default partition. */
export async function ensurePartitions(db: Queryable, monthsAhead: number): Promise<void> {
  await db.query({ text: 'select ensure_history_partitions($1)', values: [monthsAhead] })
}

/**
 * Gives up what ended before the month of `months` months ago: from here on nobody is told of it. It is there until
 * `dropMonth` and `deleteLost`.
 */
export async function giveUpHistory(db: Queryable, months: number): Promise<void> {
  const from = `date_trunc('month', now() at time zone 'UTC' - make_interval(months => $1)) at time zone 'UTC'`
  await db.query({
    text: `update past_epoch set history_kept_from = ${from}
            where history_kept_from is null or history_kept_from < ${from}`,
    values: [months],
  })
}

/** The partitions that hold nothing but what has been given up, oldest first. */
export async function listLostMonths(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>({
    text: `select c.relname as name
             from pg_inherits i join pg_class c on c.oid = i.inhrelid, past_epoch e
            where i.inhparent = 'task_versions'::regclass and c.relname ~ '^task_versions_[0-9]{4}_[0-9]{2}$'
              and c.relname < 'task_versions_' || to_char(e.history_kept_from at time zone 'UTC', 'YYYY_MM')
            order by c.relname`,
  })
  return rows.map((row) => row.name)
}

/**
 * Nobody reads or writes history while a partition goes, and whoever comes after this waits behind it: so it waits for
 * those before it only for a moment. (DETACH CONCURRENTLY, which would not wait, is refused where there is a default
 * partition.)
 *
 * @throws with SQLSTATE 55P03 when it did not get its turn
 */
export async function dropMonth(db: Db, name: string, waitMs: number): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query({ text: `set local lock_timeout = ${waitMs}` })
    await tx.query({ text: `drop table if exists ${name}` })
  })
}

/** Where states are, or their words, that go with no partition. */
export const UNPARTITIONED = ['task_versions_default', 'former_words'] as const

/** Of what has been given up there, at most `limit` rows. @returns how many */
export async function deleteLost(db: Queryable, table: (typeof UNPARTITIONED)[number], limit: number): Promise<number> {
  const { rowCount } = await db.query({
    text: `delete from ${table}
            where ctid = any(array(select ctid from ${table}
                                    where valid_to < (select history_kept_from from past_epoch) limit $1))`,
    values: [limit],
  })
  return rowCount ?? 0
}

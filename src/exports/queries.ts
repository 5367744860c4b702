import type { Queryable } from '../platform/db.ts'

/** A reader may be slow; that it does not stand still is the HTTP server's to see. */
const LONGEST_PAUSE = '10min'

/** The first statements of the transaction: from here on it sees the tasks as they are now, whatever happens to them. */
export async function beginSnapshot(tx: Queryable): Promise<void> {
  await tx.query({
    text: `set transaction isolation level repeatable read, read only;
           set local idle_in_transaction_session_timeout = '${LONGEST_PAUSE}'`,
  })
}

export interface Snapshot {
  /** The server's process that works for the transaction. */
  pid: number
  /** About how many rows there are to be looked through. */
  rows: number
}

export async function describeSnapshot(tx: Queryable): Promise<Snapshot> {
  const { rows } = await tx.query<Snapshot>({
    name: 'exports/describe-snapshot',
    text: `select pg_backend_pid() as pid, coalesce(sum(greatest(reltuples, 0)), 0)::bigint as rows from pg_class
            where relnamespace = 'public'::regnamespace and relkind = 'r' and relname ~ '^task(s$|_versions_)'`,
  })
  return rows[0] ?? { pid: 0, rows: 0 }
}

/** @param cursor the name it was declared with */
export async function fetchLines(tx: Queryable, cursor: string, count: number): Promise<string[]> {
  const { rows } = await tx.query<{ line: string }>({ text: `fetch ${count} from ${cursor}` })
  return rows.map(({ line }) => line)
}

/** Ends what the process is doing; nothing when it waits for the next statement. */
export async function cancelStatement(db: Queryable, pid: number): Promise<void> {
  await db.query({ name: 'exports/cancel-statement', text: 'select pg_cancel_backend($1)', values: [pid] })
}

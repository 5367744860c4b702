import { setTimeout as sleep } from 'node:timers/promises'
import type { Queryable } from './db.ts'
import { LOCK_NOT_AVAILABLE, sqlState } from './sql-state.ts'

const LOCK_WAIT_MS = 200
const PAUSE_MS = 500

const INDEX = /^create (unique )?index concurrently (\w+) on (\w+)\s+(.+)$/s

/**
 * Runs one statement of a migration that is outside of a transaction. `create index concurrently` may have been interrupted
 * before, which leaves an invalid index; and on a partitioned table PostgreSQL has none, so it is done for each partition.
 */
export async function runStatement(session: Queryable, statement: string): Promise<void> {
  const match = INDEX.exec(statement)
  if (!match) {
    const run = async () => void (await session.query({ text: statement }))
    return / concurrently /.test(statement) ? run() : whenFree(session, run)
  }
  const [, unique = '', name = '', table = '', rest = ''] = match
  const partitions = await findPartitions(session, table)
  if (!partitions) return buildIndex(session, { unique, name, table, rest })
  const run = (text: string) => whenFree(session, async () => void (await session.query({ text })))
  await run(`create ${unique}index if not exists ${name} on only ${table} ${rest}`)
  for (const partition of partitions) {
    if (await hasIndex(session, partition, name)) continue
    const own = `${partition}_${name}`.replace(`_${table}`, '')
    await buildIndex(session, { unique, name: own, table: partition, rest })
    await run(`alter index ${name} attach partition ${own}`)
  }
}

/**
 * For what locks a table: whoever comes while it waits for a lock waits behind it. So it gives up soon, lets everybody else
 * get on, and begins anew, for as long as an export or an import is in its way.
 */
export async function whenFree(session: Queryable, work: () => Promise<void>): Promise<void> {
  await session.query({ text: `set lock_timeout = ${LOCK_WAIT_MS}` })
  try {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error
        await sleep(PAUSE_MS)
      }
    }
  } finally {
    await session.query({ text: 'reset lock_timeout' })
  }
}

interface Index {
  unique: string
  name: string
  table: string
  rest: string
}

async function buildIndex(session: Queryable, { unique, name, table, rest }: Index): Promise<void> {
  const { rows } = await session.query({
    text: `select from pg_index where indexrelid = to_regclass($1) and not indisvalid`,
    values: [name],
  })
  if (rows.length > 0) await session.query({ text: `drop index concurrently ${name}` })
  await session.query({ text: `create ${unique}index concurrently if not exists ${name} on ${table} ${rest}` })
}

/** The partitions of a table; undefined for a table that has none. */
async function findPartitions(session: Queryable, table: string): Promise<string[] | undefined> {
  const { rows } = await session.query<{ partitions: string[] | null }>({
    text: `select array(select i.inhrelid::regclass::text from pg_inherits i where i.inhparent = c.oid order by 1) as partitions
             from pg_class c where c.oid = to_regclass($1) and c.relkind = 'p'`,
    values: [table],
  })
  return rows[0]?.partitions ?? undefined
}

/** A partition made since the index was, or in an earlier attempt, has it already. */
async function hasIndex(session: Queryable, partition: string, parent: string): Promise<boolean> {
  const { rows } = await session.query({
    text: `select from pg_inherits i join pg_index x on x.indexrelid = i.inhrelid
            where i.inhparent = to_regclass($2) and x.indrelid = to_regclass($1)`,
    values: [partition, parent],
  })
  return rows.length > 0
}

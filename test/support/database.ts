import pg from 'pg'
import type { Scope, TestApp } from './app.ts'

/** A transaction held open beside the application, so that a race can be brought about instead of hoped for. */
export interface OpenTransaction {
  query(statement: { text: string; values?: unknown[] }): Promise<pg.QueryResult>
  /** Returns when that many connections of this database wait for a lock. */
  someoneWaits(count?: number, ms?: number): Promise<void>
  commit(): Promise<void>
}

export async function openTransaction(t: Scope, url: string): Promise<OpenTransaction> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {}) // the database may be dropped first
  await client.connect()
  t.after(() => client.end())
  await client.query('begin')
  return {
    query: (statement) => client.query(statement),
    async someoneWaits(count = 1, ms = 3_000) {
      const text = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      const deadline = Date.now() + ms
      while (Date.now() < deadline) {
        // Within a transaction the list of connections stays as it was first read.
        await client.query('select pg_stat_clear_snapshot()')
        if (((await client.query(text)).rowCount ?? 0) >= count) return
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      throw new Error('nobody waited for the lock')
    },
    commit: async () => void (await client.query('commit')),
  }
}

/** Of everything a request could change: the same before and after one that was refused. */
export async function checksum({ ctx }: TestApp): Promise<string> {
  const tables = ['users', 'sessions', 'projects', 'project_members', 'tasks', 'task_versions', 'imports']
  const sums = tables.map((table) => `(select md5(string_agg(r::text, ',' order by r::text)) from ${table} r)`)
  const { rows } = await ctx.db.query<{ sum: string }>({ text: `select concat(${sums.join(', ')}) as sum` })
  return rows[0]?.sum ?? ''
}

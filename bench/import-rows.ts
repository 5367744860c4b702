import { execFile, execFileSync } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { ProcessContext } from '../src/platform/context.ts'
import { PEOPLE, type Rows, rowOf } from './import-files.ts'
import { run } from './import-servers.ts'

/** A table with the columns and indexes of the tasks, but for triggers and foreign keys, while something is measured. */
export async function withTable<T>(ctx: ProcessContext, name: string, work: () => Promise<T>): Promise<T> {
  await run(ctx, `create table ${name} (like tasks including all)`)
  await run(ctx, 'checkpoint')
  try {
    return await work()
  } finally {
    await run(ctx, `drop table ${name}`)
  }
}

/**
 * Over a plain driver: each user is looked for, each row inserted and waited for, with one commit at the end.
 *
 * @returns rows a second
 */
export function insertRows(ctx: ProcessContext, rows: Rows, count: number): Promise<number> {
  return withTable(ctx, 'inserted', async () => {
    const client = new pg.Client({ connectionString: ctx.config.databaseUrl })
    await client.connect()
    const started = performance.now()
    await client.query('begin')
    for (let i = 0; i < count; i++) {
      const { title, description, priority, day } = rowOf(i, rows)
      const { rows: found } = await client.query('select id from users where username = $1', [`person_${i % PEOPLE}`])
      const status = i % 3 ? 'active' : 'inactive'
      await client.query(
        `insert into inserted (project_id, title, description, status, priority, assigned_user_id, created_by, created_at,
                               updated_at, valid_from, changed_by) values (1, $1, $2, $3, $4, $5, 1, $6, $6, $6, 1) returning id`,
        [title, description, status, priority, found[0].id, day],
      )
    }
    await client.query('commit')
    const perSecond = count / ((performance.now() - started) / 1_000)
    await client.end()
    return perSecond
  })
}

const NEEDED = 'import sqlalchemy, psycopg2'

/** @returns a Python that has what import-orm.py needs; undefined when there is none */
export function findPython(): string | undefined {
  return ['python3', '/usr/bin/python3'].find((python) => {
    try {
      execFileSync(python, ['-c', NEEDED], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

/**
 * The first rows of a file by SQLAlchemy, see import-orm.py.
 *
 * @param commit after each row, or once at the end
 * @returns rows a second
 */
export function insertByOrm(
  ctx: ProcessContext,
  python: string,
  file: string,
  count: number,
  commit: 'each' | 'end',
): Promise<number> {
  return withTable(ctx, 'inserted', async () => {
    const script = path.join(import.meta.dirname, 'import-orm.py')
    const given = [script, ctx.config.databaseUrl ?? '', file, String(count), 'inserted', commit]
    return Number((await promisify(execFile)(python, given)).stdout)
  })
}

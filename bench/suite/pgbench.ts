import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Context } from '../../src/platform/context.ts'
import type { Queryable, Statement } from '../../src/platform/db.ts'

/** A statement of the product as a script of pgbench, and how often it is chosen beside others. */
export interface Script {
  sql: string
  weight: number
}

/** Values that a script has in place of those a statement was recorded with. */
export type Variables = Map<unknown, string>

/** The first statement that `work` sends; what it makes of an empty answer does not matter. */
export async function recordStatement(ctx: Context, work: (ctx: Context) => Promise<unknown>): Promise<Statement> {
  const statements: Statement[] = []
  const query = async (statement: Statement) => {
    statements.push(statement)
    return { rows: [], rowCount: 0 }
  }
  await work({ ...ctx, db: { query } as Queryable as Context['db'] }).catch(() => {})
  const [first] = statements
  if (!first) throw new Error('no statement was sent')
  return first
}

/** `prelude` gives the variables their values; a colon within a format would be taken for one. */
export function scriptOf({ text, values = [] }: Statement, prelude: string, variables: Variables): string {
  const sql = text
    .replaceAll('HH24:MI:SS', 'HH24":"MI":"SS')
    .replace(/\$(\d+)/g, (_, n) => variables.get(values[n - 1]) ?? literal(values[n - 1]))
  return `${prelude}\n${sql.trim()};\n`
}

function literal(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`
}

/**
 * Transactions a second of these scripts, prepared, with the settings that the product's own connections have.
 *
 * @param define variables that hold a text
 */
export async function runPgbench(
  pgbench: string,
  scripts: Script[],
  options: { url: string; connections: number; seconds: number; define: Record<string, string> },
): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-pgbench-'))
  const { url, connections, seconds, define } = options
  try {
    const args = ['-n', '-M', 'prepared', '-j', '1', '-c', String(connections), '-T', String(Math.ceil(seconds))]
    for (const [i, { sql, weight }] of scripts.entries()) {
      const file = path.join(folder, `${i}.sql`)
      await writeFile(file, sql)
      args.push('-f', `${file}@${weight}`)
    }
    for (const [name, value] of Object.entries(define)) args.push('-D', `${name}=${value}`)
    const settings = '-c TimeZone=UTC -c jit=off -c plan_cache_mode=force_generic_plan -c random_page_cost=1.1'
    const env = { ...process.env, PGOPTIONS: settings }
    const { stdout, stderr } = await promisify(execFile)(pgbench, [...args, url], { env })
    const rate = /^tps = ([\d.]+)/m.exec(stdout)?.[1]
    if (!rate || /aborted|ERROR/.test(stderr)) throw new Error(`pgbench: ${stderr}${stdout}`)
    return Math.round(Number(rate))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Database, Queryable } from './db.ts'

const FOLDER = path.resolve(import.meta.dirname, '../../migrations')
const FILE = /^(\d{6})-[a-z0-9-]+\.sql$/
/** Any number, the same in every process: it serialises migrations that start at once. */
const LOCK = 7_263_001

/**
 * Applies the migrations that are missing, each in a transaction of its own together with the row that says so.
 * Several processes may call this at once; one applies, the others wait and find nothing to do.
 *
 * @returns the file names applied, in order
 */
export async function migrate(db: Database): Promise<string[]> {
  const applied: string[] = []
  for (const file of await migrationFiles()) {
    const text = await readFile(path.join(FOLDER, file), 'utf8')
    if (await db.transaction((tx) => apply(tx, file, text))) applied.push(file)
  }
  return applied
}

/** True when every migration this code knows has been applied. A newer database is accepted: it only ever grows. */
export async function isSchemaCurrent(db: Queryable): Promise<boolean> {
  const files = await migrationFiles()
  const { rows } = await db.query<{ present: boolean }>({
    text: `select to_regclass('schema_migrations') is not null as present`,
  })
  if (!rows[0]?.present) return false
  const done = await db.query<{ version: number }>({ text: 'select max(version) as version from schema_migrations' })
  return (done.rows[0]?.version ?? 0) >= versionOf(files.at(-1) ?? '000000-')
}

async function apply(tx: Queryable, file: string, text: string): Promise<boolean> {
  // The lock wait and the work may take longer than a request is allowed to.
  await tx.query({ text: 'set local statement_timeout = 0; set local lock_timeout = 0' })
  await tx.query({ text: `select pg_advisory_xact_lock(${LOCK})` })
  await tx.query({
    text: `create table if not exists schema_migrations (
             version integer primary key, file text not null, applied_at timestamptz not null default now())`,
  })
  // First, so that nothing runs twice.
  const { rowCount } = await tx.query({
    text: 'insert into schema_migrations (version, file) values ($1, $2) on conflict do nothing',
    values: [versionOf(file), file],
  })
  if (rowCount === 0) return false
  await tx.query({ text })
  return true
}

async function migrationFiles(): Promise<string[]> {
  return (await readdir(FOLDER)).filter((name) => FILE.test(name)).sort()
}

function versionOf(file: string): number {
  return Number(file.slice(0, 6))
}

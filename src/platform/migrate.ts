import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Queryable, Statement } from './db.ts'
import { runStatement, whenFree } from './migrate-queries.ts'

const FOLDER = path.resolve(import.meta.dirname, '../../migrations')
const FILE = /^(\d{6})-[a-z0-9-]+\.sql$/
/** Any number, the same in every process: it serialises migrations that start at once. */
const LOCK = 7_263_001
const LOCK_POLL_MS = 100

/** The first line of a file whose statements run one by one, since they build indexes while others write. */
const ONE_BY_ONE = '-- one by one\n'

/**
 * Applies the migrations that are missing. Several processes may call this at once; one applies, the others wait and find
 * nothing to do. A file is one transaction together with the row that says so; a file that is `one by one` is written so
 * that it can be run again from its beginning.
 *
 * @returns the file names applied, in order
 */
export async function migrate(db: Database): Promise<string[]> {
  return db.session(async (session) => {
    await lock(session)
    try {
      const applied: string[] = []
      for (const file of await migrationFiles()) {
        if (await apply(session, file)) applied.push(file)
      }
      return applied
    } finally {
      await session.query({ text: `select pg_advisory_unlock(${LOCK})` })
    }
  })
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

/** Asks again and again: a statement that waits would be one that the building of an index waits for. */
async function lock(session: Queryable): Promise<void> {
  for (;;) {
    const { rows } = await session.query<{ mine: boolean }>({ text: `select pg_try_advisory_lock(${LOCK}) as mine` })
    if (rows[0]?.mine) break
    await sleep(LOCK_POLL_MS)
  }
  await session.query({
    text: `create table if not exists schema_migrations (
             version integer primary key, file text not null, applied_at timestamptz not null default now())`,
  })
}

async function apply(session: Queryable, file: string): Promise<boolean> {
  const known = { text: 'select from schema_migrations where version = $1', values: [versionOf(file)] }
  if ((await session.query(known)).rowCount) return false
  const text = await readFile(path.join(FOLDER, file), 'utf8')
  const done = {
    text: 'insert into schema_migrations (version, file) values ($1, $2)',
    values: [versionOf(file), file],
  }
  if (text.startsWith(ONE_BY_ONE)) {
    for (const statement of statementsOf(text)) await runStatement(session, statement)
    await session.query(done)
    return true
  }
  await whenFree(session, () => inTransaction(session, [{ text }, done]))
  return true
}

async function inTransaction(session: Queryable, statements: Statement[]): Promise<void> {
  await session.query({ text: 'begin' })
  try {
    for (const statement of statements) await session.query(statement)
    await session.query({ text: 'commit' })
  } catch (error) {
    await session.query({ text: 'rollback' }).catch(() => {}) // the connection may be what failed
    throw error
  }
}

/** A statement ends where a line ends with a semicolon; such files hold no function bodies. */
function statementsOf(text: string): string[] {
  const withoutComments = text.replaceAll(/^--.*$/gm, '')
  return withoutComments
    .split(/;$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}

async function migrationFiles(): Promise<string[]> {
  return (await readdir(FOLDER)).filter((name) => FILE.test(name)).sort()
}

function versionOf(file: string): number {
  return Number(file.slice(0, 6))
}

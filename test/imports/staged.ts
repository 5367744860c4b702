import assert from 'node:assert/strict'
import type { Actor } from '../../src/auth/index.ts'
import type { Field, ImportColumn } from '../../src/imports/columns.ts'
import { type ImportRow, stagingTable } from '../../src/imports/queries.ts'
import { runImport } from '../../src/imports/run-import.ts'
import { runUndo } from '../../src/imports/run-undo.ts'
import { type Person, type Scope, startApp, type TestApp } from '../support/app.ts'

/** An application, its administrator, and somebody whom rows can be assigned to. */
export async function startTeam(t: Scope) {
  const app = await startApp(t)
  return { app, admin: await app.person('admin', 'admin'), john: await app.person('john_doe') }
}

let prefixes = 0

/** A prefix for keys that no other test of the file uses. */
export const fresh = () => `T${++prefixes}-`

export const many = (n: number, row: (i: number) => string[]) => Array.from({ length: n }, (_, i) => row(i))

/** Imports as an upload leaves them, so that what a worker makes of them is tested by itself. */
export interface Staged {
  dryRun?: boolean
  onError?: 'skip' | 'abort'
  delimiter?: string
  projectId?: number
  /** Of all columns of dates; inferred when left out. */
  format?: ImportColumn['format']
}

/** Names of fields; `name=field` for a column that is called otherwise, `name=` for one that is left out. */
function columnsOf(header: string, format: ImportColumn['format'] = null): ImportColumn[] {
  return header.split(',').map((entry) => {
    const [name = '', field = name] = entry.split('=')
    const isDate = field === 'created_at' || field === 'due_date'
    return { name, field: (field || null) as Field | null, format: isDate ? format : null }
  })
}

/** A staged import; its first row stands in line 2. @returns its id */
export async function stage(
  app: TestApp,
  by: Person,
  header: string,
  rows: (string | null)[][],
  options: Staged = {},
): Promise<number> {
  const { dryRun = false, onError = 'skip', delimiter = ',', projectId = null, format = null } = options
  const columns = columnsOf(header, format)
  const { rows: made } = await app.ctx.db.query<{ id: number }>({
    text: `insert into imports (project_id, created_by, state, dry_run, on_error, columns, delimiter, rows, last_line, sha256)
           values (coalesce($1, (select id from projects where is_default)), $2, 'checking', $3, $4, $5, $6, $7, $8, $9)
           returning id`,
    values: [
      ...[projectId, by.id, dryRun, onError, JSON.stringify(columns), delimiter, rows.length],
      ...[rows.length === 0 ? 0 : rows.length + 1, Buffer.from(header)],
    ],
  })
  const id = made[0]?.id ?? 0
  const table = stagingTable(id)
  const names = columns.map((_, i) => `c${i + 1}`)
  await app.ctx.db.query({ text: `create table ${table} (line bigint not null, ${names.join(' text, ')} text)` })
  await app.ctx.db.query({
    text: `insert into ${table} select n + 1, ${names.map((_, i) => `r ->> ${i}`).join(', ')}
             from jsonb_array_elements($1::jsonb) with ordinality e (r, n)`,
    values: [JSON.stringify(rows)],
  })
  return id
}

export const run = (app: TestApp, id: number, stretch?: number, signal = new AbortController().signal) =>
  runImport(app.ctx, id, signal, stretch)

export const undo = (app: TestApp, id: number, stretch?: number, signal = new AbortController().signal) =>
  runUndo(app.ctx, id, signal, stretch)

export async function importRow(app: TestApp, id: number): Promise<ImportRow> {
  const { rows } = await app.ctx.db.query<ImportRow>({ text: 'select * from imports where id = $1', values: [id] })
  if (!rows[0]) throw new Error(`there is no import ${id}`)
  return rows[0]
}

/** state, created, updated, unchanged, rejected */
export async function outcome(app: TestApp, id: number) {
  const { state, created, updated, unchanged, rejected } = await importRow(app, id)
  return [state, created, updated, unchanged, rejected]
}

/** Stages and runs; for what a test only builds upon. */
export async function imported(app: TestApp, by: Person, header: string, rows: string[][], options?: Staged) {
  const id = await stage(app, by, header, rows, options)
  await run(app, id)
  return id
}

export interface TaskState {
  id: number
  title: string
  description: string
  status: string
  priority: string
  labels: string[]
  due_date: string | null
  assigned_user_id: number | null
  created_by: number
  external_id: string | null
  import_id: number | null
  created_at: Date
  updated_at: Date
  valid_from: Date
  version: number
  cause: string
  changed_by: number
  deletion_id: string | null
}

export async function livingTasks(app: TestApp): Promise<TaskState[]> {
  const { rows } = await app.ctx.db.query<TaskState>({
    text: 'select * from tasks where deleted_at is null order by id',
  })
  return rows
}

/** Living tasks by their key, or by their title when they have none. */
export async function tasksByKey(app: TestApp): Promise<Record<string, TaskState>> {
  return Object.fromEntries((await livingTasks(app)).map((task) => [task.external_id ?? task.title, task]))
}

export async function taskByKey(app: TestApp, externalId: string): Promise<TaskState> {
  const found = (await tasksByKey(app))[externalId]
  assert.ok(found, `there is no task ${externalId}`)
  return found
}

/** The import is done, its counts add up to its rows, and it made as many tasks as it says. @param titles how many differ */
export async function assertExact(app: TestApp, id: number, titles: number): Promise<void> {
  const { state, rows, created, updated, unchanged, rejected } = await importRow(app, id)
  assert.equal(state, 'done')
  assert.equal(rows, created + updated + unchanged + rejected)
  assert.equal(await count(app, `tasks where import_id = ${id}`), created)
  assert.equal(await count(app, `(select distinct title from tasks where import_id = ${id}) t`), titles)
}

export const stopped = (running: Promise<void>) => assert.rejects(running, /told to stop/)

export async function count(app: TestApp, sql: string): Promise<number> {
  const { rows } = await app.ctx.db.query<{ n: number }>({ text: `select count(*) as n from ${sql}` })
  return rows[0]?.n ?? -1
}

export async function errorsOf(app: TestApp, id: number) {
  const { rows } = await app.ctx.db.query<{ line: number; column_name: string; code: string; message: string }>({
    text: 'select line, column_name, code, message from import_errors where import_id = $1 order by line, column_name',
    values: [id],
  })
  return rows
}

export const actorOf = (person: Person, role: Actor['role'] = 'user'): Actor => ({
  id: person.id,
  username: person.username,
  role,
  sessionId: '',
})

/** Returns when that many connections wait for a lock. */
export async function lockWaits(app: TestApp, connections: number): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const waiting = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    if ((await count(app, waiting)) >= connections) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`${connections} did not wait for a lock`)
}

/** A signal that stops a worker after that many stretches. */
export function abortAfter(stretches: number): AbortSignal {
  let asked = 0
  return Object.assign(new AbortController().signal, {
    throwIfAborted() {
      if (++asked > stretches) throw new Error('told to stop')
    },
  })
}

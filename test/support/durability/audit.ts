import pg from 'pg'
import type { Journal } from './journal.ts'

/** Each list names what is wrong; all of them are to be empty. */
export interface Findings {
  missing: string[]
  doubled: string[]
  /** In the database without anybody having asked for it, or with a broken history. */
  wrong: string[]
}

/** Compares what was acknowledged with what is there. */
export async function audit(databaseUrl: string, journal: Journal): Promise<Findings> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const findings: Findings = { missing: [], doubled: [], wrong: [] }
    await auditStates(client, journal, findings)
    await auditCreates(client, journal, findings)
    await auditDeletes(client, journal, findings)
    await auditHistory(client, findings)
    return findings
  } finally {
    await client.end()
  }
}

/** An acknowledged state is the present one of its task, or a version of its history. */
async function auditStates(client: pg.Client, journal: Journal, { missing }: Findings): Promise<void> {
  const { rows } = await client.query(
    'select id, version, title from tasks union all select task_id, version, title from task_versions',
  )
  const titles = new Map(rows.map(({ id, version, title }) => [`${id}/${version}`, title]))
  for (const { id, version, title } of journal.states) {
    const kept = titles.get(`${id}/${version}`)
    if (kept !== title) missing.push(`task ${id} version ${version}: "${title}", there is ${kept ?? 'none'}`)
  }
}

async function auditCreates(client: pg.Client, journal: Journal, { missing, doubled, wrong }: Findings): Promise<void> {
  const { rows } = await client.query('select description as label, count(*)::int as n from tasks group by 1')
  const counts = new Map<string, number>(rows.map(({ label, n }) => [label, n]))
  for (const [label, { keyed, acknowledged }] of journal.creates) {
    const n = counts.get(label) ?? 0
    if (n > 1) doubled.push(`${label}, ${keyed ? 'with' : 'without'} a key: ${n} tasks`)
    if (n === 0 && acknowledged) missing.push(`${label}: no task`)
  }
  for (const label of counts.keys()) if (!journal.creates.has(label)) wrong.push(`nobody made ${label}`)
}

async function auditDeletes(client: pg.Client, journal: Journal, { missing }: Findings): Promise<void> {
  const { rows } = await client.query('select id from tasks where id = any ($1) and deleted_at is null', [
    journal.deletes,
  ])
  for (const { id } of rows) missing.push(`deletion of task ${id}`)
}

/** Versions 1 to n without a gap, each of which ends when the next one begins. */
async function auditHistory(client: pg.Client, { wrong }: Findings): Promise<void> {
  const { rows } = await client.query(`
    with states as (
      select id, version, valid_from, null::timestamptz as valid_to from tasks
      union all
      select task_id, version, valid_from, valid_to from task_versions)
    select id, version
      from (select *, row_number() over w as expected, lead(valid_from) over w as next_from from states
            window w as (partition by id order by version)) s
     where version <> expected or valid_to is distinct from next_from`)
  for (const { id, version } of rows) wrong.push(`history of task ${id} around version ${version}`)
}

import type { TestApp } from '../support/app.ts'

/** Whatever is asked of the past is asked of tasks whose past is written straight into the tables, at known times. */
export interface State {
  valid_from: string
  title?: string
  description?: string
  status?: string
  priority?: string
  labels?: readonly string[]
  due_date?: string | null
  assigned_user_id?: number | null
  project_id: number
  external_id?: string | null
  deleted?: boolean
  changed_by: number
  cause?: string
}

/** A task that went through these states, oldest first; the last one holds now. @returns its id */
export async function plantTask(app: TestApp, states: State[]): Promise<number> {
  const [first] = states
  if (!first) throw new Error('a task has at least one state')
  return app.ctx.db.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: number }>({ text: `select nextval('tasks_id_seq')::bigint as id` })
    const id = rows[0]?.id ?? 0
    for (const [i, state] of states.entries()) {
      const isLast = i === states.length - 1
      const row = {
        version: i + 1,
        ...{ title: 'Water the plants', description: '', status: 'pending', priority: 'MEDIUM', labels: [] },
        ...{ due_date: null, assigned_user_id: null, external_id: null, cause: 'api' },
        ...state,
        created_at: first.valid_from,
        updated_at: state.valid_from,
        created_by: first.changed_by,
        deleted_at: state.deleted ? state.valid_from : null,
        ...(isLast ? { id } : { task_id: id, valid_to: states[i + 1]?.valid_from }),
      }
      const table = isLast ? 'tasks' : 'task_versions'
      const { deleted: _, ...columns } = row
      const names = Object.keys(columns).join(', ')
      await tx.query({
        text: `insert into ${table} (${names}) ${isLast ? 'overriding system value' : ''}
               select ${names} from jsonb_populate_record(null::${table}, $1)`,
        values: [JSON.stringify(columns)],
      })
      if (isLast || state.deleted) continue
      await tx.query({
        text: `insert into former_words (task_id, valid_to, created_at, labels, words)
               select task_id, valid_to, created_at, labels, to_tsvector('simple', title || ' ' || description)
                 from task_versions where task_id = $1 and version = $2`,
        values: [id, row.version],
      })
    }
    return id
  })
}

/** Midday, that many days ago. */
export function middayAgo(days: number): string {
  return `${daysAgo(days)}T12:00:00.000000Z`
}

export function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
}

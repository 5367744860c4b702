import type { Queryable } from '../../src/platform/db.ts'

/** Counted before the outcome of a login is known, whatever it is. */
const LEFT_OUT = ['schema_migrations', 'login_attempts']

/** Every row of the database as `place hash`, each of them once. */
export type Snapshot = Set<string>

/** All that a request could leave behind: rows of every table, those of later migrations too, jobs, staging tables. */
export async function takeSnapshot(db: Queryable): Promise<Snapshot> {
  const { rows: tables } = await db.query<{ name: string }>({
    text: `select relname as name from pg_class
            where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
              and relname <> all ($1)`,
    values: [LEFT_OUT],
  })
  const parts = tables.map(({ name }) => `select ${placeOf(name)} || ' ' || md5(r::text) as row from ${name} r`)
  const { rows } = await db.query<{ row: string }>({
    text: [
      ...parts,
      // Without the queue's own, and what the schedule adds by itself, which has no data.
      `select 'jobs ' || id || ' ' || state from pgboss.job where data <> '{}' and name not like '\\_\\_%'`,
      `select 'staging ' || relname from pg_class where relnamespace = 'import_staging'::regnamespace and relkind = 'r'`,
    ].join(' union all '),
  })
  return new Set(rows.map(({ row }) => row))
}

const placeOf = (table: string) =>
  table === 'imports' ? `case state when 'receiving' then 'interrupted-uploads' else 'imports' end` : `'${table}'`

/** How many rows came and went, by table: `task_versions +1, tasks +1 -1`. Empty when nothing changed. */
export function effectOf(before: Snapshot, after: Snapshot): string {
  const counts = new Map<string, [came: number, went: number]>()
  const count = (rows: Snapshot, others: Snapshot, which: 0 | 1) => {
    for (const row of rows) {
      if (others.has(row)) continue
      const place = row.split(' ')[0] ?? ''
      const pair = counts.get(place) ?? [0, 0]
      pair[which]++
      counts.set(place, pair)
    }
  }
  count(after, before, 0)
  count(before, after, 1)
  return [...counts]
    .map(([place, [came, went]]) => `${place}${came ? ` +${came}` : ''}${went ? ` -${went}` : ''}`)
    .sort()
    .join(', ')
}

import type { Queryable } from '../platform/db.ts'

/** A job as the queue keeps it (pg-boss). */
export interface JobRow {
  id: string
  name: string
  state: 'created' | 'retry' | 'active' | 'completed' | 'cancelled' | 'failed'
  import_id: number | null
  retries: number
  /** What was thrown the last time, or what the queue itself says. */
  output: { name?: string; message?: string; code?: string; value?: { message?: string } } | null
  created_at: Date
  due_at: Date
  started_at: Date | null
  finished_at: Date | null
  /** created_at with microseconds, for the cursor. */
  position: string
}

const COLUMNS = `id, name, state::text as state, (data ->> 'importId')::bigint as import_id, retry_count as retries,
  case when state in ('retry', 'failed', 'active') then output end as output, created_on as created_at,
  start_after as due_at, started_on as started_at, completed_on as finished_at,
  to_char(created_on at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as position`

/** Names of the queue's own begin so. */
const OURS = `name not like '\\_\\_%'`

/** Newest first. The queue forgets jobs some days after they have ended. */
export async function listJobs(
  db: Queryable,
  filter: { state?: string; name?: string; after?: string[]; limit: number },
): Promise<JobRow[]> {
  const { rows } = await db.query<JobRow>({
    name: 'background/list-jobs',
    text: `select ${COLUMNS} from pgboss.job
            where ${OURS} and ($1::text is null or state::text = $1) and ($2::text is null or name = $2)
              and ($3::timestamptz is null or (created_on, id) < ($3, $4::uuid))
            order by created_on desc, id desc limit $5`,
    values: [filter.state, filter.name, filter.after?.[0], filter.after?.[1], filter.limit],
  })
  return rows
}

/** The job, locked until the transaction ends: no worker takes or ends it meanwhile. */
export async function lockJob(tx: Queryable, id: string): Promise<JobRow | undefined> {
  const { rows } = await tx.query<JobRow>({
    name: 'background/lock-job',
    text: `select ${COLUMNS} from pgboss.job where ${OURS} and id = $1::uuid for update`,
    values: [id],
  })
  return rows[0]
}

import type { TestApp } from '../support/app.ts'

/** A job straight in the queue's table. @returns its id */
export async function plantJob(app: TestApp, job: { name?: string; state?: string; data?: object; output?: object }) {
  const { name = 'tasks.purge', state = 'created', data = { planted: true }, output } = job
  const text = `insert into pgboss.job (name, data, state, output, completed_on, start_after)
                select $1, $2, $3::pgboss.job_state, $4,
                       case when $3::pgboss.job_state in ('completed', 'cancelled', 'failed') then now() end, now()
                returning id`
  const values = [name, JSON.stringify(data), state, output && JSON.stringify(output)]
  const { rows } = await app.ctx.db.query<{ id: string }>({ text, values })
  return rows[0]?.id ?? ''
}

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Scope } from './app.ts'
import { ownPostgres, temporaryFolder } from './own-postgres.ts'
import { type ServerProcess, startProcess, statusOf, tokenOf, until } from './process.ts'
import { randomFrom } from './random.ts'

const PASSWORD = 'a quiet otter laughs'
const KINDS = ['worker', 'API', 'backend', 'postmaster'] as const
const OPEN_AT_ONCE = 3
const STUCK_MS = 60_000

export interface KillPlan {
  seed: number
  imports: number
  rows: number
  kills: number
}

export interface KillReport {
  imports: number
  kills: Record<(typeof KINDS)[number], number>
  /** Milliseconds from the last kill until every import had ended. */
  settledMs: number
  /** What does not add up; empty when nothing was lost or doubled. */
  wrong: string[]
}

/**
 * Uploads files by `rows` rows, half of them with keys of the file before, while processes are killed: a worker, the API, a
 * connection's PostgreSQL process, all of PostgreSQL. Then every import must end, and the counts be those of the tasks.
 */
export async function runKills(t: Scope, plan: KillPlan): Promise<KillReport> {
  const random = randomFrom(plan.seed)
  const rig = await startRig(t)
  const report: KillReport = {
    imports: 0,
    kills: { worker: 0, API: 0, backend: 0, postmaster: 0 },
    settledMs: 0,
    wrong: [],
  }
  let killed = 0
  const uploads = (async () => {
    for (let i = 0; i < plan.imports || killed < plan.kills; i++) {
      await until(async () => (await rig.open()) < OPEN_AT_ONCE, 600_000)
      await upload(rig, fileOf(i, plan.rows))
      report.imports++
    }
  })()
  for (; killed < plan.kills; killed++) {
    await sleep(100 + random() * 700)
    const kind = KINDS[Math.floor(random() * KINDS.length)] as (typeof KINDS)[number]
    await rig.kill(kind, random)
    report.kills[kind]++
  }
  const since = performance.now()
  await uploads
  await until(
    async () => (await rig.open()) === 0,
    STUCK_MS + (plan.imports * plan.rows) / 1_000,
    () => 'every import to end',
  )
  report.settledMs = performance.now() - since
  report.wrong = await audit(rig.databaseUrl, report.imports, plan.rows)
  return report
}

/** Rows of file `i`: the first half changes tasks of the file before, every hundredth is rejected. */
function fileOf(i: number, rows: number): string {
  const lines = Array.from({ length: rows }, (_, j) => {
    const key = j < rows / 2 ? `K-${i - 1}-${j + rows / 2}` : `K-${i}-${j}`
    return `${key},File ${i} row ${j},${j % 100 === 0 ? 'SOON' : 'LOW'}`
  })
  return `external_id,title,priority\n${lines.join('\n')}\n`
}

/** Sent again with its key until it is answered. */
async function upload(rig: Rig, file: string): Promise<void> {
  const headers = {
    authorization: `Bearer ${rig.token}`,
    'content-type': 'text/csv',
    'idempotency-key': randomUUID(),
  }
  await until(
    async () => {
      const answer = await fetch(`${rig.base()}/api/v1/imports`, { method: 'POST', headers, body: file })
      const text = await answer.text()
      if (answer.status !== 202 && answer.status !== 503 && answer.status !== 409) throw new Error(text)
      return answer.status === 202
    },
    STUCK_MS,
    () => 'an upload to be taken',
  )
}

async function audit(databaseUrl: string, imports: number, rows: number): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const one = async (sql: string) => Number((await client.query(`select (${sql}) as n`)).rows[0].n)
    const checks: [what: string, found: number, expected: number][] = [
      ['imports', await one('select count(*) from imports where state <> $$failed$$'), imports],
      ['imports that are done', await one(`select count(*) from imports where state = 'done'`), imports],
      ['rows', await one('select sum(created + updated + unchanged + rejected) from imports'), imports * rows],
      ['tasks', await one('select count(*) from tasks'), await one('select sum(created) from imports')],
      ['keys', await one('select count(distinct external_id) from tasks'), await one('select count(*) from tasks')],
      ['versions', await one('select count(*) from task_versions'), await one('select sum(updated) from imports')],
      [
        'tasks of an import that differ from its count',
        await one(`select count(*) from imports i
                    where i.created <> (select count(*) from tasks t where t.import_id = i.id)
                       or i.updated <> (select count(*) from import_updates u where u.import_id = i.id)`),
        0,
      ],
    ]
    return checks
      .filter(([, found, expected]) => found !== expected)
      .map(([what, found, expected]) => `${what}: ${found}, not ${expected}`)
  } finally {
    await client.end()
  }
}

const stateOf = ({ child, output }: ServerProcess) =>
  `${child.signalCode ?? child.exitCode ?? 'running'}, having written: ${output()}`

type Rig = Awaited<ReturnType<typeof startRig>>

async function startRig(t: Scope) {
  const postgres = await ownPostgres(t)
  const env = {
    DATABASE_URL: postgres.url,
    DATA_DIR: await temporaryFolder(t),
    JWT_SECRET_KEY: 'c29tZSBieXRlcyB0aGF0IGFyZSBub3QgcHVibGlzaGVk',
    ACCESS_TOKEN_MINUTES: '1440',
    ADMIN_USERNAME: 'root_admin',
    ADMIN_PASSWORD: PASSWORD,
    LOG_LEVEL: 'info',
    RATE_LIMIT_UPLOAD: '100000/60',
  }
  const running: { api: ServerProcess; workers: ServerProcess[] } = { api: await start('serve'), workers: [] }
  async function start(command: 'serve' | 'worker'): Promise<ServerProcess> {
    const server = await startProcess([command], env)
    t.after(async () => server.kill('SIGKILL'))
    return server
  }
  const isReady = async () => (await statusOf(`${running.api.base}/readyz`)) === 200
  await until(isReady, STUCK_MS, () => `the API to be ready, which is ${stateOf(running.api)}`)
  running.workers.push(await start('worker'), await start('worker'))
  const token = await tokenOf(running.api.base, 'root_admin', PASSWORD)

  /** One statement on a connection of its own. @returns its number */
  async function ask(sql: string): Promise<number> {
    const client = new pg.Client({ connectionString: postgres.url, connectionTimeoutMillis: 2_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      return Number((await client.query(sql)).rows[0]?.n ?? 0)
    } finally {
      await client.end().catch(() => {})
    }
  }

  async function replace(old: ServerProcess, command: 'serve' | 'worker', pauseMs: number): Promise<ServerProcess> {
    old.kill('SIGKILL')
    await old.ended()
    await sleep(pauseMs)
    return start(command)
  }

  return {
    token,
    databaseUrl: postgres.url,
    base: () => running.api.base,
    open: () => ask(`select count(*) as n from imports where state in ('receiving', 'checking', 'merging')`),
    async kill(kind: (typeof KINDS)[number], random: () => number): Promise<void> {
      const pauseMs = random() * 500
      if (kind === 'worker') {
        const which = random() < 0.5 ? 0 : 1
        running.workers[which] = await replace(running.workers[which] as ServerProcess, 'worker', pauseMs)
      } else if (kind === 'API') {
        running.api = await replace(running.api, 'serve', pauseMs)
        await until(isReady, STUCK_MS, () => `the API to be ready, which is ${stateOf(running.api)}`)
      } else if (kind === 'backend') {
        await ask(`select pg_terminate_backend(pid)::int as n from pg_stat_activity
                    where application_name like 'tasklog%' and state <> 'idle' order by random() limit 1`)
      } else {
        await postgres.stop('immediate')
        await sleep(pauseMs)
        await postgres.start()
      }
    },
  }
}

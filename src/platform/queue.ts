import type { Job, PgBoss } from 'pg-boss'
import { answerMsFor, within } from './answer-limit.ts'
import type { Queryable } from './db.ts'
import type { Logger } from './logger.ts'
import { findQueueSetup, noteQueueSetup } from './queue-queries.ts'

/** One kind of background work. `data` is what was enqueued; the work must be safe to run again after a crash. */
export interface JobDefinition<Context, Data extends object> {
  name: string
  /** How many run at once in one worker process; one when left out. */
  concurrency?: (context: Context) => number
  /** A standing schedule in cron syntax, UTC. */
  cron?: string
  run(context: Context, data: Data, signal: AbortSignal): Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: a list of jobs holds jobs of different data
export type AnyJob<Context> = JobDefinition<Context, any>

export interface QueueOptions {
  databaseUrl: string
  statementTimeoutMs: number
  log: Logger
  /** Aborted when the process is about to end: no new job is begun and running ones are told. */
  stopping: AbortSignal
}

/**
 * Jobs stand in PostgreSQL (pg-boss), enqueued in the transaction of the row they are about. A worker that dies is
 * noticed by its missing heartbeat after about ten seconds and its job given to another.
 */
export class Queue {
  readonly #databaseUrl: string
  readonly #log: Logger
  readonly #stopping: AbortSignal
  readonly #answerMs: number
  #boss: PgBoss | undefined
  #started: Promise<PgBoss> | undefined

  constructor(options: QueueOptions) {
    this.#databaseUrl = options.databaseUrl
    this.#log = options.log
    this.#stopping = options.stopping
    this.#answerMs = answerMsFor(options.statementTimeoutMs)
  }

  /** Adds a job; it exists when and only when `tx` commits. */
  async enqueue(tx: Queryable, name: string, data: object): Promise<void> {
    const boss = await within(this.#answerMs, this.#start())
    await boss.send(name, data, on(tx))
  }

  /** Puts a job that has ended without success where workers find it, when `tx` commits. */
  async retry(tx: Queryable, name: string, id: string, state: 'failed' | 'cancelled'): Promise<void> {
    const boss = await within(this.#answerMs, this.#start())
    await (state === 'failed' ? boss.retry(name, id, on(tx)) : boss.resume(name, id, on(tx)))
  }

  /** Ends a job that has not ended, when `tx` commits; the worker that runs it is told by its next heartbeat. */
  async cancel(tx: Queryable, name: string, id: string): Promise<void> {
    const boss = await within(this.#answerMs, this.#start())
    await boss.cancel(name, id, on(tx))
  }

  /** Takes jobs until `stop`. */
  async work<Context>(context: Context, jobs: AnyJob<Context>[]): Promise<void> {
    const boss = await this.#start()
    this.#stopping.addEventListener('abort', () => {
      for (const { name } of jobs) boss.offWork(name, { wait: false }).catch(() => {})
    })
    for (const job of jobs) {
      const concurrency = job.concurrency?.(context) ?? 1
      for (let i = 0; i < concurrency; i++) await this.#addWorker(boss, context, job)
    }
  }

  async #addWorker<Context>(boss: PgBoss, context: Context, job: AnyJob<Context>): Promise<void> {
    // Polling is what is left when a notification is lost.
    const options = { pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 2, heartbeatRefreshSeconds: 3 }
    let worker = ''
    worker = await boss.work(job.name, options, async ([item]: Job<object>[]) => {
      try {
        if (item) await this.#run(context, job, item)
      } finally {
        // Look for the next one at once: a backlog announced by one notification would wait for a poll after each job.
        boss.notifyWorker(worker)
      }
    })
  }

  async #run<Context>(context: Context, job: AnyJob<Context>, item: Job<object>): Promise<void> {
    const log = this.#log.child({ job: job.name, jobId: item.id })
    try {
      await job.run(context, item.data, AbortSignal.any([item.signal, this.#stopping]))
      log.info('job done')
    } catch (error) {
      if (this.#stopping.aborted) log.info('job interrupted; it goes on elsewhere')
      else log.error({ err: error }, 'job failed; it is tried again')
      throw error
    }
  }

  /** Lets running jobs finish for `timeoutMs`, then returns; what is still running is taken up again elsewhere. */
  async stop(timeoutMs: number): Promise<void> {
    await this.#started?.catch(() => {})
    await this.#boss?.stop({ graceful: timeoutMs > 0, timeout: Math.max(timeoutMs, 1_000) }).catch(() => {})
  }

  #start(): Promise<PgBoss> {
    this.#started ??= this.#loadAndStart().catch((error) => {
      this.#started = undefined
      throw error
    })
    return this.#started
  }

  async #loadAndStart(): Promise<PgBoss> {
    this.#boss ??= await this.#load()
    return this.#boss.start()
  }

  async #load(): Promise<PgBoss> {
    const boss = await createBoss(this.#databaseUrl, this.#answerMs)
    boss.on('error', (error) => this.#log.warn({ err: error }, 'job queue'))
    return boss
  }
}

/** What makes a call to the queue part of a transaction. */
const on = (tx: Queryable) => ({ db: { executeSql: (text: string, values?: unknown[]) => tx.query({ text, values }) } })

const QUEUE_OPTIONS = {
  retryLimit: 1_000,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 30,
  expireInSeconds: 86_400,
  heartbeatSeconds: 10,
  notify: true,
}

/** Creates or upgrades the queue's own tables, and one queue for each job, unless that has been done before. */
export async function migrateQueue<Context>(
  db: Queryable,
  databaseUrl: string,
  jobs: AnyJob<Context>[],
): Promise<void> {
  const { default: pgBoss } = await import('pg-boss/package.json', { with: { type: 'json' } })
  const setup = JSON.stringify({
    version: pgBoss.version,
    jobs: jobs.map(({ name, cron }) => ({ name, cron })),
    options: QUEUE_OPTIONS,
  })
  if ((await findQueueSetup(db)) === setup) return
  const boss = await createBoss(databaseUrl)
  boss.on('error', () => {})
  try {
    await boss.start()
    for (const { name, cron } of jobs) {
      await boss.createQueue(name, QUEUE_OPTIONS)
      if (cron) await boss.schedule(name, cron)
    }
    await noteQueueSetup(db, setup)
  } finally {
    await boss.stop({ graceful: false })
  }
}

/**
 * pg-boss is loaded when it is needed: the 6 MB that it takes are saved where only requests are answered.
 *
 * @param answerMs left out for migrating, which takes as long as it takes
 */
async function createBoss(connectionString: string, answerMs?: number): Promise<PgBoss> {
  const { PgBoss } = await import('pg-boss')
  const migrating = answerMs === undefined
  return new PgBoss({
    connectionString,
    // Requests wait for the queue: a server that does not answer must not hold them.
    ...(migrating ? {} : { query_timeout: answerMs }),
    application_name: 'tasklog-queue',
    max: 4,
    connectionTimeoutMillis: 2_000,
    options: '-c TimeZone=UTC -c statement_timeout=15000',
    migrate: migrating,
    createSchema: migrating,
    supervise: !migrating,
    schedule: !migrating,
    useListenNotify: !migrating,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    monitorVacuum: false,
  })
}

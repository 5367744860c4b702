import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Database } from './db.ts'
import { shareMetrics } from './process-metrics.ts'
import type { Redis } from './redis.ts'
import type { Replica } from './replica.ts'

/** What is asked for its state when the metrics are read. */
export interface Watched {
  db: Database
  replica: Replica | undefined
  redis: Redis | undefined
}

/** Counters of one process, in the names Prometheus' conventions ask for. Labels come from fixed sets only. */
export class Metrics {
  readonly #registry = new Registry()
  #textOfAll: (() => Promise<string | undefined>) | undefined
  readonly requests: Histogram<'method' | 'route' | 'status'>
  readonly shed: Counter
  readonly logins: Counter<'outcome'>
  readonly pages: Counter<'outcome'>
  readonly importedRows: Counter<'outcome'>

  /** @param processName the label `process` of each, where the service is several processes */
  constructor({ db, replica, redis }: Watched, processName?: string) {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.requests = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from request to the end of the answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    })
    this.shed = new Counter({
      name: 'tasklog_requests_shed_total',
      help: 'Requests refused because too many were under way',
      registers,
    })
    this.logins = new Counter({
      name: 'tasklog_logins_total',
      help: 'Attempts to log in',
      labelNames: ['outcome'],
      registers,
    })
    this.pages = new Counter({
      name: 'tasklog_pages_total',
      help: 'Pages of lists and numbers: kept before, read, or read and not to be kept',
      labelNames: ['outcome'],
      registers,
    })
    this.importedRows = new Counter({
      name: 'tasklog_import_rows_total',
      help: 'Rows of finished imports',
      labelNames: ['outcome'],
      registers,
    })
    new Gauge({
      name: 'tasklog_database_connections',
      help: 'Connections of the pool; shared: those of quick statements, beside it',
      labelNames: ['state'],
      registers,
      collect() {
        this.set({ state: 'busy' }, db.pool.totalCount - db.pool.idleCount)
        this.set({ state: 'idle' }, db.pool.idleCount)
        this.set({ state: 'waiting' }, db.pool.waitingCount)
        this.set({ state: 'shared' }, db.sharedConnections)
      },
    })
    if (redis)
      this.#addGauge('tasklog_redis_usable', '0 while Redis is away and its circuit open', () => Number(redis.isReady))
    if (replica) {
      const usable = '1 while lists and exports may be read from the replica'
      this.#addGauge('tasklog_replica_usable', usable, () => Number(replica.isUsable))
      const lag = 'How long the replica has not been where the primary was'
      this.#addGauge('tasklog_replica_lag_seconds', lag, () => replica.lagSeconds)
    }
    if (processName) this.#share(processName)
  }

  /** @param read how many are under way now, of each kind */
  watchRequests(read: () => Record<string, number>): void {
    const registers = [this.#registry]
    new Gauge({
      name: 'tasklog_requests_under_way',
      help: 'Requests that are not answered yet',
      labelNames: ['kind'],
      registers,
      collect() {
        for (const [kind, count] of Object.entries(read())) this.set({ kind }, count)
      },
    })
  }

  /** One process of several answers for all of them. */
  #share(processName: string): void {
    this.#registry.setDefaultLabels({ process: processName })
    this.#textOfAll = shareMetrics(() => this.#registry.getMetricsAsJSON())
  }

  #addGauge(name: string, help: string, read: () => number): void {
    const registers = [this.#registry]
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** The exposition text of every metric. */
  async text(): Promise<string> {
    return (await this.#textOfAll?.()) ?? this.#registry.metrics()
  }
}

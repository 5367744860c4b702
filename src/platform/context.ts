import { hostname } from 'node:os'
import { PageCache } from './cache.ts'
import type { Config } from './config.ts'
import { Database, type DatabaseOptions, type Db } from './db.ts'
import { createLogger, type Logger } from './logger.ts'
import { Metrics } from './metrics.ts'
import { Queue } from './queue.ts'
import { RateLimits } from './rate-limit.ts'
import { Redis } from './redis.ts'
import { Replica } from './replica.ts'

/** What every use case may need, all of it technology. Features add nothing here. */
export interface Context {
  config: Config
  /** The database, or the one transaction that a use case has to stay within: `{ ...ctx, db: tx }`. */
  db: Db
  /** Lists and exports are read there, by who may. */
  replica: Replica | undefined
  redis: Redis | undefined
  queue: Queue
  limits: RateLimits
  cache: PageCache
  metrics: Metrics
  log: Logger
  /** Aborted when the process has been told to end: what waits stops waiting, what works comes to a safe point. */
  stopping: AbortController
}

/** The context of a whole process, with what is its own to ask after and to close. */
export interface ProcessContext extends Context {
  db: Database
  /** Not ready for requests yet: what must be there first is still being made. */
  isStarting: boolean
}

export interface ContextOptions {
  databaseUrl: string
  redisUrl?: string
  role: string
  /** Told in each line of the log, where one service is several processes. */
  processName?: string
  log?: Logger
}

/** Opens the connections of one process; nothing is contacted yet, so a missing database does not fail here. */
export function createContext(config: Config, options: ContextOptions): ProcessContext {
  const ownLog = options.log ?? createLogger(config.logLevel)
  const { processName } = options
  const log = processName ? ownLog.child({ process: processName }) : ownLog
  const database: DatabaseOptions = {
    url: options.databaseUrl,
    poolSize: config.databasePoolSize,
    statementTimeoutMs: config.statementTimeoutMs,
    applicationName: `tasklog-${options.role}@${hostname()}`.slice(0, 63),
    log,
  }
  const db = new Database(database)
  const readUrl = config.databaseReadUrl
  const replica = readUrl ? new Replica(db, { ...database, url: readUrl }) : undefined
  const stopping = new AbortController()
  const redisUrl = options.redisUrl ?? config.redisUrl
  const redis = redisUrl ? new Redis(redisUrl, log) : undefined
  return {
    config,
    db,
    isStarting: false,
    replica,
    redis,
    queue: new Queue({
      databaseUrl: options.databaseUrl,
      statementTimeoutMs: config.statementTimeoutMs,
      log,
      stopping: stopping.signal,
    }),
    cache: new PageCache(db, redis, replica),
    limits: new RateLimits(config.quotas, db, redis),
    metrics: new Metrics({ db, replica, redis }, processName),
    log,
    stopping,
  }
}

/** Closes what `createContext` opened. Running jobs get `graceMs` to come to a safe point. */
export async function closeContext(ctx: ProcessContext, graceMs = 0): Promise<void> {
  ctx.stopping.abort()
  await ctx.queue.stop(graceMs)
  ctx.redis?.destroy()
  await ctx.replica?.close()
  await ctx.db.close()
}

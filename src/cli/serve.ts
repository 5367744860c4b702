import cluster from 'node:cluster'
import type { AddressInfo } from 'node:net'
import { type App, createApp } from '../app.ts'
import { jobs } from '../jobs.ts'
import { type Config, ConfigError, loadConfig } from '../platform/config.ts'
import { closeContext, createContext, type ProcessContext } from '../platform/context.ts'
import { closeHttp } from '../platform/drain.ts'
import { prepare } from './prepare.ts'
import { untilPrepared } from './process-group.ts'
import { type DatabaseHandle, openDatabase, settle, withSecret } from './runtime.ts'
import { onStopSignal } from './signals.ts'

/** A job ends between two stretches of its work, or is taken up again by another worker. */
export const JOB_GRACE_MS = 1_500

const LISTEN_ERRORS: Record<string, string> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'it needs more rights',
  ENOTFOUND: 'there is no such name',
}

export interface ServeOptions {
  worker: boolean
  /** Set in one of several processes, which leaves to the main one what is done once. */
  processName?: string
}

/** Runs the API, and with `worker` the background jobs as well, until a signal ends it. */
export async function serve(options: ServeOptions): Promise<void> {
  const config = await withSecret(loadConfig())
  const database = await openDatabase(config, false)
  const ctx = createContext(config, {
    databaseUrl: database.url,
    role: options.worker ? 'all' : 'api',
    processName: options.processName,
  })
  const stopping = ctx.stopping.signal
  const signal = onStopSignal(ctx.stopping)
  const app = await createApp(ctx)
  ctx.isStarting = true // until there is somebody who can log in
  const prepared = cluster.isWorker ? untilPrepared(stopping) : undefined
  try {
    // Before the database is there: health can be asked from the first moment on.
    await listen(app, config)
    await (prepared ?? prepare(ctx, app.auth, database.url))
    ctx.isStarting = false
    if (options.worker && !stopping.aborted) await ctx.queue.work(ctx, jobs)
    settle()
    if (!stopping.aborted) sayReady(ctx, app)
    await signal
  } finally {
    await stop(ctx, app, database)
  }
}

async function listen(app: App, { host, port }: Config): Promise<void> {
  try {
    await app.http.listen({ host, port })
  } catch (error) {
    const reason = LISTEN_ERRORS[(error as NodeJS.ErrnoException).code ?? '']
    throw reason ? new ConfigError(`PORT ${port} on HOST ${host} cannot be used: ${reason}.`) : error
  }
}

async function stop(ctx: ProcessContext, app: App, database: DatabaseHandle): Promise<void> {
  ctx.stopping.abort()
  // Jobs last: a request under way may still add one.
  await closeHttp(app.http, ctx.config.shutdownSeconds * 1_000)
  await closeContext(ctx, JOB_GRACE_MS)
  await database.stop()
  ctx.log.info('stopped')
}

function sayReady(ctx: ProcessContext, app: App): void {
  if (cluster.isWorker) ctx.log.info('ready')
  else announce(ctx.config, app.http.server.address() as AddressInfo)
}

/** For whoever has started it. */
export function announce(config: Config, address: Pick<AddressInfo, 'family' | 'address' | 'port'>): void {
  const base = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
  const lines = [
    `Tasklog is ready.`,
    `  Console        ${base}/`,
    `  API            ${base}/api/v1`,
    `  Documentation  ${base}/docs`,
    `  Health         ${base}/readyz`,
  ]
  if (config.demonstration) {
    lines.push(
      '',
      '  This is a DEMONSTRATION with published passwords, open to this machine only:',
      '    admin / admin123 (administrator); john_doe and the others of the sample file / tasklog-demo',
      `    Its data is in ${config.dataDir}. For real use set NODE_ENV=production; see README.md.`,
    )
  }
  console.log(`\n${lines.join('\n')}\n`)
}

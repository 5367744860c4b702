import { appendFile, chown, cp, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../dev/embedded-postgres.ts'
import type { Scope } from './app.ts'
import { temporaryFolder } from './own-postgres.ts'
import { freePort } from './redis-server.ts'

/** A primary and a streaming replica of it, both real. */
export interface Replicated {
  primaryUrl: string
  standbyUrl: string
  /** Lets the standby take in what the primary sends, or not: it then shows the past. */
  replay(on: boolean): Promise<void>
  standby(sql: string): Promise<pg.QueryResult>
  stopStandby(): Promise<void>
  startStandby(): Promise<void>
}

/**
 * Copied while the primary is stopped, so it takes no programs that the embedded PostgreSQL does not bring.
 *
 * @param prepare is done on the primary before
 */
export async function startReplicated(t: Scope, prepare: (url: string) => Promise<void>): Promise<Replicated> {
  const binDir = process.env.TEST_POSTGRES_BIN || undefined
  const settings = { fsync: 'off' }
  const folders = { primary: await temporaryFolder(t), standby: await temporaryFolder(t) }
  const port = await freePort()
  const first = await startEmbeddedPostgres({ dataDir: folders.primary, port, binDir, settings })
  await prepare(first.url)
  await first.stop()
  await cp(folders.primary, folders.standby, { recursive: true, preserveTimestamps: true })
  const primary = await startEmbeddedPostgres({ dataDir: folders.primary, port, binDir, settings })
  t.after(() => primary.stop('immediate'))
  await makeStandby(folders, primary.url)

  let server: EmbeddedPostgres | undefined
  const standbyPort = await freePort()
  const startStandby = async () => {
    server = await startEmbeddedPostgres({ dataDir: folders.standby, port: standbyPort, binDir, settings })
  }
  const stopStandby = async () => {
    await server?.stop('immediate')
    server = undefined
  }
  await startStandby()
  t.after(stopStandby)
  const standbyUrl = server?.url ?? ''
  const standby = (sql: string) => ask(standbyUrl, sql)
  return {
    primaryUrl: primary.url,
    standbyUrl,
    standby,
    replay: async (on) => void (await standby(`select pg_wal_replay_${on ? 'resume' : 'pause'}()`)),
    startStandby,
    stopStandby,
  }
}

/** Files of the copy belong to whom those of the original do. */
async function makeStandby(folders: { primary: string; standby: string }, primaryUrl: string): Promise<void> {
  const folder = path.join(folders.standby, 'postgres')
  const { uid, gid } = await stat(path.join(folders.primary, 'postgres'))
  const signal = path.join(folder, 'standby.signal')
  await writeFile(signal, '')
  await appendFile(path.join(folder, 'postgresql.auto.conf'), `primary_conninfo = '${primaryUrl}'\n`)
  if (process.getuid?.() !== 0) return
  const { execFileSync } = await import('node:child_process')
  execFileSync('chown', ['-R', `${uid}:${gid}`, folder])
  await chown(signal, uid, gid)
}

async function ask(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

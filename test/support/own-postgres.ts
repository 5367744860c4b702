import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../dev/embedded-postgres.ts'
import type { Scope } from './app.ts'
import { freePort } from './redis-server.ts'

/** A PostgreSQL with default durability that a test may stop, kill and start again at the same address. */
export interface OwnPostgres {
  url: string
  stop(mode: 'fast' | 'immediate'): Promise<void>
  start(): Promise<void>
}

export async function ownPostgres(t: Scope): Promise<OwnPostgres> {
  const dataDir = await temporaryFolder(t)
  const port = await freePort()
  const binDir = process.env.TEST_POSTGRES_BIN || undefined
  let server: EmbeddedPostgres | undefined
  const start = async () => {
    server = await startEmbeddedPostgres({ dataDir, port, binDir })
  }
  const stop = async (mode: 'fast' | 'immediate') => {
    const running = server
    server = undefined
    await running?.stop(mode)
  }
  await start()
  t.after(() => stop('immediate'))
  return { url: server?.url ?? '', start, stop }
}

/** Open to the user PostgreSQL runs as when the tests run as root. */
export async function temporaryFolder(t: Scope): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-'))
  await chmod(folder, 0o711)
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

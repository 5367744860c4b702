import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createClient } from '@redis/client'
import { findProgram } from './system-program.ts'

const MISSING = 'The tests need a Redis: install redis-server (or valkey), or set REDIS_URL.'

export interface RedisServer {
  url: string
  kill(signal: NodeJS.Signals): void
  /** Sends one command, over a connection of its own. */
  command(...words: string[]): Promise<unknown>
  stop(): Promise<void>
}

/** REDIS_URL when it is set, else a redis-server of our own: from the PATH, else from the system's packages. */
export async function startRedis(): Promise<Pick<RedisServer, 'url' | 'stop'>> {
  const url = process.env.REDIS_URL
  return url ? { url, stop: async () => {} } : startOwnRedis()
}

/** A redis-server on loopback that keeps nothing; for tests that kill or freeze it. */
export async function startOwnRedis(port?: number): Promise<RedisServer> {
  findProgram(['redis-server'], 'redis-server', MISSING)
  const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-redis-'))
  const listen = port ?? (await freePort())
  const args = ['--port', String(listen), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  await waitForPort(listen, child)
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  }
  const url = `redis://127.0.0.1:${listen}`
  const command = async (...words: string[]) => {
    const client = await createClient({ url }).connect()
    return client.sendCommand(words).finally(() => client.destroy())
  }
  return { url, kill: (signal) => void child.kill(signal), command, stop }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) break
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      // Given up on a busy machine, it closes without an error.
      socket.on('error', () => {}).on('close', () => resolve(false))
      socket.unref()
      setTimeout(() => socket.destroy(), 50).unref()
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('redis-server did not start.')
}

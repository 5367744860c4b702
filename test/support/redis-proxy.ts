import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Scope } from './app.ts'

export interface RedisProxy {
  url: string
  /** How long what Redis answers is held back. */
  delayMs: number
  /** How often somebody has sent something. */
  sends: number
}

/** A TCP proxy in front of a Redis that makes it slow. */
export async function startRedisProxy(t: Scope, url: string): Promise<RedisProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const proxy: RedisProxy = { url: '', delayMs: 0, sends: 0 }
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => void [client.destroy(), upstream.destroy()])
    }
    client.on('data', (chunk) => {
      proxy.sends++
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => setTimeout(() => client.write(chunk), proxy.delayMs))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  proxy.url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
  return proxy
}

import type { ChildProcess } from 'node:child_process'
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { freePort } from '../test/support/redis-server.ts'
import { runLoad } from './processes.ts'
import { median } from './statistics.ts'

/**
 * Two processes on one port: `node scripts/launch.mjs bench/shared-port.ts [rounds]`. Connections handed out by the main
 * process (node:cluster), or by the kernel (SO_REUSEPORT), in turns; and how many of 200 requests get no answer in a second
 * while one of the two hangs.
 */
const SECONDS = 3
const BODY = JSON.stringify({ items: 'x'.repeat(2_000) })

if (cluster.isWorker) {
  const reusePort = process.env.BENCH_WAY === 'kernel'
  const place = { port: Number(process.env.BENCH_PORT), host: '127.0.0.1', reusePort, exclusive: reusePort }
  // The event `listening` of the main process is not for ports that it does not hand out.
  createServer((_request, answer) => answer.end(BODY)).listen(place, () => process.send?.('listens'))
} else {
  await compare(Number(process.argv[2] ?? 3))
}

async function compare(rounds: number): Promise<void> {
  const ways = { 'main process': await freePort(), kernel: await freePort() }
  const children = new Map<string, Worker[]>()
  for (const [way, port] of Object.entries(ways)) {
    const pair = [0, 1].map(() => cluster.fork({ BENCH_WAY: way, BENCH_PORT: port }))
    await Promise.all(pair.map((child) => once(child, 'message')))
    children.set(way, pair)
  }
  const rates = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const [way, port] of Object.entries(ways)) {
      const plan = { base: `http://127.0.0.1:${port}`, connections: 32, seconds: SECONDS, tokens: [] }
      const { perSecond } = await runLoad({ ...plan, requests: [{ method: 'GET', path: '/' }] })
      rates.set(way, [...(rates.get(way) ?? []), perSecond])
    }
  }
  for (const [key, values] of rates) console.log(`${key.padEnd(36)} ${median(values)} req/s`)
  for (const [way, port] of Object.entries(ways)) {
    const [hanging] = children.get(way) ?? []
    hanging?.process.kill('SIGSTOP')
    let unanswered = 0
    const ask = () =>
      fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1_000), headers: { connection: 'close' } })
    for (let i = 0; i < 20; i++) {
      const answers = await Promise.allSettled(Array.from({ length: 10 }, async () => (await ask()).text()))
      unanswered += answers.filter(({ status }) => status === 'rejected').length
    }
    console.log(`one hangs, by the ${way}: ${unanswered} of 200 without an answer`)
  }
  for (const child of [...children.values()].flat()) (child.process as ChildProcess).kill('SIGKILL')
  process.exit()
}

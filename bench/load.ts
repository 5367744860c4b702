import { Agent, get } from 'node:http'

/**
 * A load generator as a process of its own: `node bench/load.ts <url> <connections> <seconds> [token]`. Each connection
 * sends its next request when it has its answer. Prints one line of JSON.
 */
const [url = '', connections = '32', seconds = '3', token = ''] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) })
const latencies: number[] = []
const until = performance.now() + Number(seconds) * 1_000
let failed = 0

function request(): Promise<void> {
  return new Promise((resolve) => {
    const started = performance.now()
    const headers = token ? { authorization: `Bearer ${token}` } : {}
    get(url, { agent, headers }, (answer) => {
      if (answer.statusCode !== 200) failed++
      answer.resume().on('end', () => {
        latencies.push(performance.now() - started)
        resolve()
      })
    }).on('error', () => {
      failed++
      resolve()
    })
  })
}

async function connection(): Promise<void> {
  while (performance.now() < until) await request()
}

await Promise.all(Array.from({ length: Number(connections) }, connection))
latencies.sort((a, b) => a - b)
const at = (share: number) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2))
const perSecond = Math.round(latencies.length / Number(seconds))
console.log(JSON.stringify({ perSecond, p50: at(0.5), p99: at(0.99), failed }))
process.exit()

import { Agent, get } from 'node:http'
import { percentile } from './statistics.ts'

/**
 * Requests that arrive at a fixed rate, whether or not those before are answered: `node bench/open-load.ts <url> <rate>
 * <seconds> <token>`. Each is timed from when it was due. Prints one line of JSON.
 */
const [url = '', rate = '100', seconds = '5', token = ''] = process.argv.slice(2)
/** More than a server may have under way; a request that finds none free waits here, and that counts. */
const agent = new Agent({ keepAlive: true, maxSockets: 1_000 })
const total = Number(rate) * Number(seconds)
const latencies: number[] = []
const counts = { refused: 0, failed: 0 }
const begun = performance.now()

function request(due: number): Promise<void> {
  return new Promise((resolve) => {
    get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      answer.resume().on('end', () => {
        if (answer.statusCode === 200) latencies.push(performance.now() - due)
        else if (answer.statusCode === 503 || answer.statusCode === 429) counts.refused++
        else counts.failed++
        resolve()
      })
    }).on('error', () => {
      counts.failed++
      resolve()
    })
  })
}

const underWay: Promise<void>[] = []
while (underWay.length < total) {
  const due = Math.min(total, ((performance.now() - begun) / 1_000) * Number(rate))
  while (underWay.length < due) underWay.push(request(begun + (underWay.length / Number(rate)) * 1_000))
  await new Promise((resolve) => setTimeout(resolve, 1))
}
await Promise.all(underWay)
const at = (share: number) => Number(percentile(latencies, share).toFixed(1))
console.log(JSON.stringify({ answered: latencies.length, ...counts, p50: at(0.5), p99: at(0.99) }))
process.exit()

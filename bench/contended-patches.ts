import type { AddressInfo } from 'node:net'
import { createApp } from '../src/app.ts'
import { withDatabase } from './support.ts'

/**
 * Is an update lost when many change the same tasks? `node scripts/launch.mjs bench/contended-patches.ts`: writers read a
 * number in the title, add one and send it with If-Match over HTTP; who is told 412 takes the present state from that
 * answer and tries again. In the end the numbers must be as many as the changes that were acknowledged.
 */
const CHANGES = 10_000
const WRITERS = 50

interface Counter {
  id: number
  title: string
  version: number
}

console.log('tasks   acknowledged   counted   lost   412   per second')
for (const tasks of [5, 25]) {
  await withDatabase({ RATE_LIMIT_USER: '10000000/60' }, async (ctx) => {
    const { http, auth } = await createApp(ctx)
    await http.listen({ host: '127.0.0.1', port: 0 })
    await auth.createUser({ username: 'bench', password: 'quiet-otter-laughs' }, 'user')
    const login = { username: 'bench', password: 'quiet-otter-laughs' }
    const base = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}/api/v1`
    const { body } = await send('POST', `${base}/auth/login`, login)
    const result = await contend(`${base}/tasks`, (body as { access_token: string }).access_token, tasks)
    const { rows } = await ctx.db.query<{ total: number; versions: number }>({
      text: `select sum(title::int) as total, (select count(*) from task_versions) as versions from tasks`,
    })
    await http.close()
    const { total = 0, versions = 0 } = rows[0] ?? {}
    const row = [tasks, result.acknowledged, total, result.acknowledged - total, result.refused, result.perSecond]
    console.log(row.map((cell, i) => String(cell).padStart([5, 15, 10, 7, 6, 13][i] ?? 0)).join(''))
    if (total !== CHANGES || versions !== CHANGES) process.exitCode = 1
  })
}

async function contend(url: string, token: string, count: number) {
  const ids: number[] = []
  for (let i = 0; i < count; i++) ids.push(((await send('POST', url, { title: '0' }, token)).body as Counter).id)
  const result = { acknowledged: 0, refused: 0, perSecond: 0 }
  const began = performance.now()
  let begun = 0
  const write = async (writer: number) => {
    while (begun < CHANGES) {
      begun++
      const task = `${url}/${ids[(writer + begun) % count]}`
      const refused = await addOne(task, token)
      result.refused += refused
      result.acknowledged++
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
  result.perSecond = Math.round((CHANGES / (performance.now() - began)) * 1_000)
  return result
}

/** @returns how often somebody else was faster */
async function addOne(task: string, token: string): Promise<number> {
  let { title, version } = (await send('GET', task, undefined, token)).body as Counter
  for (let refused = 0; ; refused++) {
    const change = { title: String(Number(title) + 1) }
    const { status, body } = await send('PATCH', task, change, token, { 'if-match': `"${version}"` })
    if (status === 200) return refused
    if (status !== 412) throw new Error(`PATCH answered ${status}: ${JSON.stringify(body)}`)
    ;({ title, version } = (body as { current: Counter }).current)
  }
}

async function send(method: string, url: string, body?: object, token?: string, more: { [name: string]: string } = {}) {
  const headers = {
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(body ? { 'content-type': 'application/json' } : {}),
    ...more,
  }
  const answer = await fetch(url, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
  return { status: answer.status, body: (await answer.json()) as unknown }
}

import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { CleanupStack } from '../support/app.ts'
import { randomFrom } from '../support/random.ts'
import { startOwnRedis } from '../support/redis-server.ts'
import { Traffic } from './traffic.ts'

const v1 = '/api/v1'
const SECONDS = process.env.FAULTS === 'long' ? 90 : 8
/** A slow machine takes longer to do as much; it is not let off. */
const MOST_SECONDS = SECONDS + 60
const WRITES = 100
/** Plays a run again: `FAULTS_SEED=… npm test -- test/cache/never-stale.test.ts`; `FAULTS=long` takes 90 s. */
const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 1_000_000)

describe('lists read through two processes while others write', () => {
  const cleanup = new CleanupStack()
  after(() => cleanup.run())

  test(`show everything that was acknowledged before, whatever Redis does (FAULTS_SEED=${seed})`, async () => {
    const random = randomFrom(seed)
    let redis = await startOwnRedis()
    cleanup.after(() => redis.stop())
    const traffic = await Traffic.start(cleanup, redis.url, random)
    const { admin } = traffic
    const [anna, bert, carl, dora] = await Promise.all(['anna', 'bert', 'carl', 'dora'].map((n) => traffic.user(n)))
    assert.ok(anna && bert && carl && dora)
    const hidden = await traffic.hide()
    const members = `${v1}/projects/${hidden}/members`

    const begun = Date.now()
    const hasDone = (seconds: number) => Date.now() - begun > seconds * 1_000
    const isOver = () => traffic.stale.length > 0 || (hasDone(SECONDS) && isEnough()) || hasDone(MOST_SECONDS)
    const isEnough = () => {
      const { hit = 0, miss = 0, bypass = 0 } = traffic.outcomes
      return hit > 0 && miss > 0 && bypass > 0 && traffic.writes > WRITES
    }
    const setRole = (role: string) => traffic.send('PATCH', `${v1}/users/${carl.id}`, admin, { role })
    const [give, take] = [
      () => traffic.send('POST', members, admin, { username: 'bert', role: 'viewer' }),
      () => traffic.send('DELETE', `${members}/${bert.id}`, admin),
    ]
    const troubleRedis = async () => {
      for (let round = 0; !isOver(); round++) {
        await sleep(300 + random() * 500)
        if (round % 4 === 0) {
          redis.kill('SIGSTOP')
          await sleep(400)
          redis.kill('SIGCONT')
        } else if (round % 4 === 2) {
          const { port } = new URL(redis.url)
          await redis.stop()
          await sleep(200)
          redis = await startOwnRedis(Number(port))
        } else {
          const client = createClient({ url: redis.url, socket: { reconnectStrategy: false, connectTimeout: 1_000 } })
          await client.connect()
          await client.flushAll()
          client.destroy()
        }
      }
    }
    await Promise.all([
      ...[anna, anna, bert, dora].map((user) => traffic.write(user, isOver)),
      ...[admin, anna, bert, bert, carl, carl, dora, dora].map((user) => traffic.read(user, isOver)),
      traffic.toggle(bert, isOver, give, take),
      traffic.toggle(
        carl,
        isOver,
        () => setRole('admin'),
        () => setRole('user'),
      ),
      traffic.importAndUndo(isOver),
      troubleRedis(),
    ])
    assert.deepEqual(traffic.stale.slice(0, 5), [], `${traffic.writes} writes, ${JSON.stringify(traffic.outcomes)}`)
    assert.ok(isEnough(), `${traffic.writes} writes, ${JSON.stringify(traffic.outcomes)}`)
  })
})

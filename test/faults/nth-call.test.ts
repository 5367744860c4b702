import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { EXPECTATIONS } from '../policy/expectations.ts'
import { REQUESTS } from '../policy/requests.ts'
import { CleanupStack } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { type Failure, HANG_TIMEOUT_MS, type Lane, type Outcome, openLane } from './lane.ts'

/**
 * SQLite's way of testing: for every operation, the n-th call to the database goes wrong, for each n, until the request
 * makes no n-th call any more. Whatever the fault: all of the effect or none, an answer in time, the same process.
 * FAULTS=long also lets calls hang that take their time and are alike.
 */
const LANES = 4
const ANSWER_MS = 5_000
/** What is left of the five seconds when a statement takes the four it may take, and the driver's half on top. */
const HANG_ANSWER_MS = HANG_TIMEOUT_MS + 1_000
const MANY_CALLS = 40
/** Asked for by POST, though nothing in the database is other afterwards. */
const WITHOUT_EFFECT = new Set(['POST /api/v1/imports/preview', 'POST /api/v1/auth/downloads'])
const isLong = process.env.FAULTS === 'long'

type Way = Omit<Failure, 'n'>

const ONCE: Way[] = (['40001', '40P01', '57014', 'cut before', 'cut after', 'hang'] as const).map((fault) => ({
  fault,
}))
const LASTING: Way[] = (isLong ? (['40001', 'cut before', 'hang'] as const) : (['40001', 'cut before'] as const)).map(
  (fault) => ({ fault, lasting: true }),
)
const KEYED: Way[] = isLong ? ONCE : [{ fault: '40001' }, { fault: 'cut before' }, { fault: 'cut after' }]

const cleanup = new CleanupStack()
const lanes: Lane[] = []

/** One after the other: while an application compiles its routes, connections of the others would time out. */
before(async () => {
  while (lanes.length < LANES) lanes.push(await openLane(cleanup))
})
after(() => cleanup.run())

async function withLane(work: (lane: Lane) => Promise<void>): Promise<void> {
  const lane = lanes.pop()
  assert.ok(lane)
  await work(lane).finally(() => lanes.push(lane))
}

describe('a request whose n-th call to the database goes wrong', { concurrency: LANES }, () => {
  for (const operation of Object.keys(REQUESTS)) {
    test(`${operation}: all or nothing, and answered in time`, () =>
      withLane(async (lane) => {
        const normal = await lane.run(operation)
        assert.equal(normal.status, EXPECTATIONS[operation]?.admin, normal.answer.text)
        const isReading = operation.startsWith('GET ') || WITHOUT_EFFECT.has(operation)
        assert.equal(normal.effect === '', isReading, 'the request of a writing operation has an effect')
        for (const way of [...ONCE, ...LASTING]) {
          await failEach(operation, way, async (n) => {
            const outcome = await lane.run(operation, { n, ...way })
            checkAnswer(outcome, way, nameOf(operation, n, way, outcome))
            checkEffect(outcome, normal, way, nameOf(operation, n, way, outcome))
            await lane.mustHaveRecovered(way.fault)
            return outcome
          })
        }
      }))
  }
})

describe('a request with a key whose n-th call goes wrong, sent again', { concurrency: LANES }, () => {
  const takesKey = (operation: string) => /^POST (?:\/api\/v1|\/upload-csv)/.test(operation)
  for (const operation of Object.keys(REQUESTS).filter(takesKey)) {
    test(`${operation}: has its effect once`, () =>
      withLane(async (lane) => {
        const normal = await lane.run(operation, undefined, true)
        assert.equal(normal.status, EXPECTATIONS[operation]?.admin, normal.answer.text)
        for (const way of KEYED) {
          await failEach(operation, way, async (n) => {
            const outcome = await lane.run(operation, { n, ...way }, true)
            const what = nameOf(operation, n, way, outcome)
            checkAnswer(outcome, way, what)
            // Sent again after a logout that has happened, it is nobody's.
            const { status, text } = outcome.again ?? { status: 0, text: '' }
            assert.ok(status === normal.status || status === normal.again?.status, `${what}; again ${status} ${text}`)
            assert.equal(outcome.effect.replace(INTERRUPTED, ''), normal.effect, what)
            return outcome
          })
        }
      }))
  }
})

/** An upload of which nothing is known any more but that it began; the clean-up job says so. */
const INTERRUPTED = /(?:^|, )interrupted-uploads \+1/

function nameOf(operation: string, n: number, { fault, lasting }: Way, { failed }: Outcome): string {
  return `${operation}, call ${n} (${failed}): ${fault}${lasting ? ' from there on' : ''}`
}

async function failEach(operation: string, way: Way, fail: (n: number) => Promise<Outcome>): Promise<void> {
  for (let n = firstOf(operation, way); n < MANY_CALLS; n++) if (!(await fail(n)).failed) return
  assert.fail(`${operation} makes more than ${MANY_CALLS} calls`)
}

/** The first call of nearly every operation is the same: seeing it hang for one of them is enough. */
function firstOf(operation: string, { fault }: Way): number {
  const isSessionCheck = EXPECTATIONS[operation]?.nobody === 401 && operation !== 'GET /api/v1/users/me'
  return fault === 'hang' && isSessionCheck && !isLong ? 2 : 1
}

function checkAnswer({ status, answer, ms }: Outcome, { fault }: Way, what: string): void {
  assert.ok(ms < (fault === 'hang' ? HANG_ANSWER_MS : ANSWER_MS), `${what}: answered after ${ms} ms`)
  if (status < 300) return
  assert.ok(status === 409 || status === 503, `${what}: ${status} ${answer.text}`)
  assertProblem(answer, status, undefined, what)
  if (status === 503) assert.match(String(answer.headers['retry-after']), /^\d+$/, what)
}

function checkEffect({ status, effect }: Outcome, normal: Outcome, { fault, lasting }: Way, what: string): void {
  if (status < 300) {
    assert.deepEqual([status, effect], [normal.status, normal.effect], what)
    return
  }
  const kept = fault === 'cut after' || lasting ? effect.replace(INTERRUPTED, '') : effect
  assert.ok(kept === '' || (fault === 'cut after' && kept === normal.effect), `${what}: ${status}, but ${effect}`)
}

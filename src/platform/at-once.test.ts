import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AtOnce } from './at-once.ts'

const busy = () => new Error('busy')

/** Work that ends when it is told to, and says whether it has begun. */
function piece() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const work = {
    hasBegun: false,
    end: resolve,
    run: () => {
      work.hasBegun = true
      return promise
    },
  }
  return work
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('when several end at the same moment, as many others begin, and no place is lost', async () => {
  const atOnce = new AtOnce({ running: 2, waiting: 10, busy })
  const works = Array.from({ length: 6 }, piece)
  const all = Promise.all(works.map(({ run }) => atOnce.run(run)))
  for (const begun of [2, 4, 6]) {
    await turn()
    assert.equal(works.filter(({ hasBegun }) => hasBegun).length, begun)
    for (const { end } of works.slice(begun - 2, begun)) end()
  }
  await all
  const later = [piece(), piece(), piece()]
  for (const { run } of later) void atOnce.run(run)
  await turn()
  assert.deepEqual(
    later.map(({ hasBegun }) => hasBegun),
    [true, true, false],
  )
})

test('who has waited too long is told so, and takes nobody’s turn', async () => {
  const atOnce = new AtOnce({ running: 1, waiting: 10, waitMs: 1, busy })
  const first = piece()
  const running = atOnce.run(first.run)
  const refused = piece()
  await assert.rejects(atOnce.run(refused.run), /busy/)
  first.end()
  await running
  const next = piece()
  void atOnce.run(next.run)
  await turn()
  assert.deepEqual([refused.hasBegun, next.hasBegun], [false, true])
})

test('who finds too many waiting is told so at once', async () => {
  const atOnce = new AtOnce({ running: 1, waiting: 1, busy })
  for (const { run } of [piece(), piece()]) void atOnce.run(run)
  await assert.rejects(atOnce.run(piece().run), /busy/)
})

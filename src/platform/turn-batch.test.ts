import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { TurnBatch } from './turn-batch.ts'

/** Questions that are answered when the test says so, with what was asked for. */
function questions() {
  const asked: { keys: [string, number][]; answer: () => void; fail: () => void }[] = []
  const batch = new TurnBatch<string, string>((keys) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const text = [...keys.keys()].join(' ')
    asked.push({ keys: [...keys], answer: () => resolve(text), fail: () => reject(new Error('no answer')) })
    return promise
  })
  return { asked, batch }
}

test('calls of one turn share a question, which says how often each key was asked for', async () => {
  const { asked, batch } = questions()
  const answers = [batch.join('a'), batch.join('b'), batch.join('a')]
  await turn()
  assert.deepEqual(
    asked.map(({ keys }) => keys),
    [
      [
        ['a', 2],
        ['b', 1],
      ],
    ],
  )
  asked[0]?.answer()
  assert.deepEqual(await Promise.all(answers), ['a b', 'a b', 'a b'])
})

test('who comes when a question has been asked is not given its answer', async () => {
  const { asked, batch } = questions()
  const first = batch.join('a')
  await turn()
  const second = batch.join('b')
  asked[0]?.answer()
  assert.equal(await first, 'a')
  await turn()
  asked[1]?.answer()
  assert.equal(await second, 'b')
})

test('calls of several turns share the question after the one that is being answered', async () => {
  const { asked, batch } = questions()
  const first = batch.join('a')
  await turn()
  const later = [batch.join('b')]
  await turn()
  later.push(batch.join('c'))
  await turn()
  assert.equal(asked.length, 1)
  asked[0]?.answer()
  await first
  await turn()
  assert.equal(asked.length, 2)
  asked[1]?.answer()
  assert.deepEqual(await Promise.all(later), ['b c', 'b c'])
})

test('a question that is not answered holds up the next for a moment only', async () => {
  const { asked, batch } = questions()
  batch.join('a')
  await turn()
  const second = batch.join('b')
  while (asked.length < 2) await turn()
  asked[1]?.answer()
  assert.equal(await second, 'b')
})

test('a question that failed fails those who asked it, and not the next', async () => {
  const { asked, batch } = questions()
  const first = batch.join('a')
  await turn()
  const second = batch.join('b')
  asked[0]?.fail()
  await assert.rejects(first, /no answer/)
  await turn()
  asked[1]?.answer()
  assert.equal(await second, 'b')
})

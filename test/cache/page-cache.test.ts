import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PageCache, type PageRequest } from '../../src/platform/cache.ts'
import type { DataVersion } from '../../src/platform/data-version.ts'
import { CleanupStack, startApp, type TestApp } from '../support/app.ts'

const cleanup = new CleanupStack()
let app: TestApp
let version: DataVersion

before(async () => {
  app = await startApp(cleanup)
  const { rows } = await app.ctx.db.query<DataVersion>({ text: `select *, 'all' as scope from data_version` })
  version = rows[0] as DataVersion
})
after(() => cleanup.run())

/** A cache, and how it is asked for a page that is read as what `read` says. */
function openCache() {
  const cache = new PageCache(app.ctx.db)
  return async (request: Partial<PageRequest> & { now?: Partial<DataVersion> } = {}) => {
    const readVersion = async () => ({ ...version, ...request.now })
    const usual = { question: 'q', isPast: false, reader: 1, version, readVersion, read: async () => '"read"' }
    return (await cache.get({ ...usual, ...request })).cache
  }
}

test('what is kept in the process has a bound', async () => {
  const ask = openCache()
  const read = async () => 'x'.repeat(1_000_000)
  for (let i = 0; i < 40; i++) await ask({ question: String(i), read })
  assert.equal(await ask({ question: '39' }), 'hit')
  assert.equal(await ask({ question: '0' }), 'miss')
})

test('of the present, only pages under the last count of changes are kept in the process', async () => {
  const ask = openCache()
  const later = { ...version, changes: version.changes + 1 }
  await ask({ question: 'present' })
  await ask({ question: 'past', isPast: true })
  assert.equal(await ask({ question: 'present' }), 'hit')
  await ask({ question: 'other', version: later, now: later })
  assert.equal(await ask({ question: 'present' }), 'miss')
  assert.equal(await ask({ question: 'past', isPast: true }), 'hit')
})

const COUNTS: { moved: Partial<DataVersion>; present: boolean; past: boolean }[] = [
  { moved: {}, present: true, past: true },
  { moved: { changes: 1_000_000 }, present: false, past: true },
  { moved: { past: 'later' }, present: false, past: false },
  { moved: { scope: 'other' }, present: false, past: false },
  { moved: { incarnation: 'other' }, present: false, past: false },
]
for (const { moved, present, past } of COUNTS) {
  const what = Object.keys(moved)[0] ?? 'nothing'
  for (const [isPast, isKept] of [
    [false, present],
    [true, past],
  ] as const) {
    const kind = isPast ? 'of the past' : 'of the present'
    test(`a page ${kind} is ${isKept ? '' : 'not '}kept when ${what} moves while it is read`, async () => {
      const ask = openCache()
      assert.equal(await ask({ isPast, now: moved }), 'miss')
      assert.equal(await ask({ isPast }), isKept ? 'hit' : 'miss')
      // Nor is it taken for the page that it may be.
      assert.equal(await ask({ isPast, version: { ...version, ...moved }, now: moved }), isKept ? 'hit' : 'miss')
    })

    test(`a page ${kind} is ${isKept ? '' : 'not '}found after ${what} has moved`, async () => {
      const ask = openCache()
      assert.equal(await ask({ isPast }), 'miss')
      assert.equal(await ask({ isPast, version: { ...version, ...moved }, now: moved }), isKept ? 'hit' : 'miss')
    })
  }
}

test('who may not ask any more gets no page kept', async () => {
  const ask = openCache()
  assert.equal(await ask({ readVersion: async () => undefined }), 'miss')
  assert.equal(await ask(), 'miss')
})

test('a page that could not be kept is read again by those who waited for it, and nobody is told of that', async () => {
  const ask = openCache()
  const readVersion = () => Promise.reject(new Error('away'))
  const asked = await Promise.all([ask({ readVersion }), ask({ readVersion }), ask()])
  assert.deepEqual(asked, ['miss', 'bypass', 'bypass'])
})

test('a page that cannot be read is told to all who wait for it, and read anew for the next', async () => {
  const ask = openCache()
  const read = () => Promise.reject(new Error('broken'))
  const asked = await Promise.allSettled([ask({ read }), ask(), ask()])
  assert.deepEqual(
    asked.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.equal(await ask(), 'miss')
})

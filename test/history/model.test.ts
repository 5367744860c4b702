import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { CleanupStack } from '../support/app.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'
import { plantTask } from './past.ts'

/** What of a task can be different from one state to the next. */
const fields: fc.Arbitrary<Fields> = fc.record({
  title: fc.constantFrom('One', 'Two', '100 % _"quoted"_'),
  description: fc.constantFrom('', 'Some\nlines'),
  status: fc.constantFrom('pending', 'active', 'completed'),
  priority: fc.constantFrom('LOW', 'HIGH'),
  labels: fc.constantFrom([], ['a'], ['a', 'b']),
  due_date: fc.constantFrom(null, '2030-01-31'),
  assigned_user: fc.constantFrom(null, 'carl', 'olga'),
  external_id: fc.constantFrom(null, 'X-1'),
  deleted: fc.boolean(),
})

interface Fields {
  title: string
  description: string
  status: string
  priority: string
  labels: readonly string[]
  due_date: string | null
  assigned_user: string | null
  external_id: string | null
  deleted: boolean
}

/** Times are drawn from few values near each other, so that changes meet the edges of days and each other's microsecond. */
const BEGIN = Date.UTC(2024, 0, 1)
const HOUR = 3_600_000
const instant = fc
  .tuple(fc.integer({ min: 0, max: 8 }), fc.constantFrom(-1, 0, 1, 7))
  .map(([halfDays, micros]) => at(halfDays * 12 * HOUR, micros))

/** As RFC 3339 with microseconds, which compare as text. */
function at(offset: number, micros: number): string {
  const ms = new Date(BEGIN + HOUR + offset + (micros < 0 ? -1 : 0)).toISOString().slice(0, -1)
  return `${ms}${String((micros + 1_000) % 1_000).padStart(3, '0')}Z`
}

const lives = fc.array(
  fc.uniqueArray(fc.tuple(instant, fields), { minLength: 1, maxLength: 6, selector: ([time]) => time }),
  { minLength: 1, maxLength: 3 },
)

describe('history and a model of it', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let counter = 0

  before(async () => {
    team = await buildTeam(cleanup)
  })
  after(() => cleanup.run())

  interface Life {
    id: number
    states: (Fields & { since: string })[]
  }

  async function live(changes: [string, Fields][]): Promise<Life> {
    counter++
    const states = changes
      .map(([since, state]) => ({ ...state, since }))
      .sort((a, b) => (a.since < b.since ? -1 : 1))
      .map((state, n) => ({
        ...state,
        deleted: n > 0 && state.deleted,
        external_id: state.external_id && `${state.external_id}-${counter}`,
      }))
    const ids: Record<string, number> = { carl: team.carl.id, olga: team.olga.id }
    const id = await plantTask(
      team.app,
      states.map(({ since, assigned_user, ...state }) => ({
        ...state,
        ...{ valid_from: since, project_id: team.project, changed_by: team.mia.id },
        assigned_user_id: assigned_user === null ? null : ids[assigned_user],
      })),
    )
    return { id, states }
  }

  /** The only tasks there are: those of the run before are forgotten, history and all. */
  async function liveAll(changes: [string, Fields][][]): Promise<Life[]> {
    await team.app.ctx.db.transaction(async (tx) => {
      // A living task cannot be purged: the triggers see to it.
      await tx.query({ text: 'set local session_replication_role = replica' })
      for (const table of ['tasks', 'task_versions']) await tx.query({ text: `delete from ${table}` })
    })
    return Promise.all(changes.map(live))
  }

  const get = (path: string) => team.app.send('GET', `${v1}/${path}`, { as: team.mia })

  /** What a client sees of a state; undefined when there is nothing to see. */
  const seen = (state: (Fields & { since: string }) | undefined) => {
    if (!state || state.deleted) return undefined
    const { deleted: _, since: __, ...rest } = state
    return rest
  }
  const picked = (task: Record<string, unknown>, like: object) =>
    Object.fromEntries(Object.keys(like).map((name) => [name, task[name]]))

  test('as_of any instant or day is what replaying the changes up to then gives', async () => {
    await fc.assert(
      fc.asyncProperty(lives, fc.array(instant, { minLength: 3, maxLength: 6 }), async (changes, instants) => {
        const tasks = await liveAll(changes)
        for (const { id, states } of tasks) {
          const days = instants.map((time) => time.slice(0, 10))
          for (const text of [...instants, ...days, ...states.map(({ since }) => since)]) {
            const until = text.length > 10 ? text : `${text}T23:59:59.999999Z`
            const expected = seen(states.findLast(({ since }) => since <= until))
            const { status, body } = await get(`tasks/${id}?as_of=${text}`)
            assert.equal(status, expected ? 200 : 404, text)
            if (expected) assert.deepEqual(picked(body, expected), expected, text)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  test('the task log has each task on the days the replay has it', async () => {
    await fc.assert(
      fc.asyncProperty(lives, async (changes) => {
        const tasks = await liveAll(changes)
        const days = Array.from({ length: 7 }, (_, i) => `2024-01-0${7 - i}`)
        const range = 'task-log?from=2024-01-01&to=2024-01-07&limit=7'
        const log: { id: number }[] = []
        for (let cursor = ''; ; ) {
          const { body } = await get(`${range}${cursor}`)
          log.push(...body.items)
          if (body.next_cursor === null) break
          cursor = `&cursor=${body.next_cursor}`
        }
        for (const { id, states } of tasks) {
          const expected = days.flatMap((day) => {
            const state = seen(states.findLast(({ since }) => since <= `${day}T23:59:59.999999Z`))
            return state ? [{ ...state, logged_date: day }] : []
          })
          const like = { ...expected[0], logged_date: '' }
          const own = log.filter((entry) => entry.id === id)
          const alone = (await get(`task-log?task_id=${id}&to=2024-01-07&limit=100`)).body.items
          assert.deepEqual(
            alone.map((entry: object) => picked(entry as Record<string, unknown>, like)),
            expected,
          )
          assert.deepEqual(own, alone)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('the history is the differences between the states', async () => {
    await fc.assert(
      fc.asyncProperty(lives, async (changes) => {
        for (const { id, states } of await liveAll(changes)) {
          const { body } = await get(`tasks/${id}/history?limit=100`)
          const expected = states.map((state, i) => {
            const before = states[i - 1]
            const names = Object.keys(state).filter(
              (name) => name !== 'since' && name !== 'deleted',
            ) as (keyof Fields)[]
            return {
              version: i + 1,
              at: state.since,
              action: actionOf(before, state),
              changes: names.flatMap((field) => {
                const [from, to] = [before ? before[field] : null, state[field]]
                const isSame = before ? JSON.stringify(from) === JSON.stringify(to) : isEmpty(to)
                return isSame ? [] : [{ field, from, to }]
              }),
            }
          })
          const got = body.items.map(({ version, at, action, changes }: Record<string, unknown>) => ({
            ...{ version, at, action },
            changes: (changes as { field: string }[]).filter(({ field }) => field !== 'project_id'),
          }))
          assert.deepEqual(got, expected.toReversed())
        }
      }),
      { numRuns: 40 },
    )
  })

  test('reverting to each version brings back exactly its state', async () => {
    await fc.assert(
      fc.asyncProperty(lives, async (changes) => {
        for (const { id, states } of await liveAll(changes)) {
          for (const [i, state] of states.entries()) {
            const body = { version: i + 1 }
            const answer = await team.app.send('POST', `${v1}/tasks/${id}/revert`, { as: team.mia, body })
            const expected = seen(state)
            assert.equal(answer.status, expected ? 200 : 409)
            if (!expected) continue
            assert.deepEqual(picked(answer.body, expected), expected)
            assert.deepEqual((await get(`tasks/${id}`)).body, answer.body)
          }
        }
      }),
      { numRuns: 20 },
    )
  })
})

function actionOf(before: Fields | undefined, after: Fields): string {
  if (!before) return 'created'
  if (before.deleted === after.deleted) return 'changed'
  return after.deleted ? 'deleted' : 'restored'
}

const isEmpty = (value: unknown) => value === null || value === '' || (Array.isArray(value) && value.length === 0)

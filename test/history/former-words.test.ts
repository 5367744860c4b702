import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { CleanupStack } from '../support/app.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'

/** What the migration fills in for states from before it. */
const FILL = readFileSync(new URL('../../migrations/000020-former-words-filled.sql', import.meta.url), 'utf8')
  .replace('-- one by one\n', '')
  .split(';\n')[0] as string

describe('words and labels that tasks had before', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let ids: number[]

  before(async () => {
    team = await buildTeam(cleanup)
    const { rows } = await team.app.ctx.db.query<{ id: number }>({
      text: `insert into tasks (project_id, title, description, labels, status, priority, created_by, created_at, updated_at,
                                valid_from, changed_by)
             select $1, 'first ' || n, 'of many', array['early'], 'pending', 'LOW', $2, at, at, at, $2
               from generate_series(1, 6) n, lateral (select timestamptz '2024-05-01' + n * interval '9 days' as at) t
             returning id`,
      values: [team.project, team.olga.id],
    })
    ids = rows.map(({ id }) => id)
  })
  after(() => cleanup.run())

  const query = async <Row>(text: string, values: unknown[] = []) =>
    (await team.app.ctx.db.query<Row>({ text, values })).rows
  const kept = () =>
    query(
      `select task_id, valid_to::text, created_at::text, labels, words::text from former_words order by task_id, valid_to`,
    )

  /** A change of all tasks, one by one or at once. */
  async function change(set: string, isMany: boolean): Promise<void> {
    await team.app.ctx.db.transaction(async (tx) => {
      if (isMany) await tx.query({ text: `set local tasklog.many_rows = 'on'` })
      await tx.query({
        text: `update tasks set ${set}, version = version + 1,
                      valid_from = greatest(clock_timestamp(), valid_from + interval '1 microsecond')`,
      })
    })
  }

  test('are kept whichever way they end, and only then; the migration fills in the same', async () => {
    for (const isMany of [false, true]) {
      for (const set of [
        `title = title || ' again'`,
        `description = 'of ' || clock_timestamp()`,
        `labels = labels || array['late']`,
        `status = 'active', priority = 'HIGH', due_date = '2030-01-01'`,
        `title = 'other', labels = '{}'`,
        `deleted_at = clock_timestamp()`,
        `deleted_at = null`,
        `labels = '{early}'`,
      ])
        await change(set, isMany)
    }
    const expected = await query(
      `select task_id, valid_to::text, created_at::text, case when labels_ended then labels end as labels,
              case when text_ended then to_tsvector('simple', title || ' ' || description)::text end as words
         from task_versions where deleted_at is null and (labels_ended or text_ended) order by task_id, valid_to`,
    )
    assert.deepEqual(await kept(), expected)
    assert.equal(expected.length, 6 * 2 * 6, 'a change of the rest ends nothing, nor does the return from the trash')
    await query(FILL)
    assert.deepEqual(await kept(), expected, 'it can be run again')
    await query('delete from former_words where task_id <> $1', [ids[0]])
    await query(FILL)
    assert.deepEqual(await kept(), expected)
  })

  test('are found in the past when the task has been purged', async () => {
    const [{ at } = { at: '' }] = await query<{ at: string }>(
      `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
    )
    const find = async (filter: string) => {
      const { status, body } = await team.app.send('GET', `${v1}/tasks?${filter}&as_of=${at}`, { as: team.olga })
      assert.equal(status, 200)
      return body.items.map(({ id }: { id: number }) => id)
    }
    const all = ids.toReversed()
    await change(`title = 'last', labels = '{last}'`, false)
    await change(`deleted_at = clock_timestamp()`, true)
    await query('delete from tasks')
    for (const filter of ['q=other', 'q=oth', 'label=early', 'label_any=early,none', 'q=of%20oth'])
      assert.deepEqual(await find(filter), all, filter)
    for (const filter of ['q=last', 'label=last', 'label=late', 'q=first'])
      assert.deepEqual(await find(filter), [], filter)
  })
})

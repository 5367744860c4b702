import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginUndo } from '../../src/imports/undo-queries.ts'
import { actorOf, fresh, imported, many, startTeam, tasksByKey, undo } from '../imports/staged.ts'

/** What a statement costs depends on it, not what is recorded: so the one way is taken out, and the other must do. */
test('statements over many tasks are recorded at once, a change of one task by its row', async (t) => {
  const { app, admin } = await startTeam(t)
  const key = fresh()
  const rows = (title: string) => many(3, (i) => [title, `${key}${i}`])
  await imported(app, admin, 'title,external_id', rows('First'))
  await app.ctx.db.query({
    text: `create or replace function record_task_version() returns trigger language plpgsql as $$ begin
             if current_setting('tasklog.many_rows', true) is distinct from 'on' then
               raise exception 'recorded by its row';
             end if;
             return null;
           end $$`,
  })
  const send = async (method: 'PATCH' | 'DELETE' | 'POST', path: string, body: object) => {
    const answer = await app.send(method, `/api/v1/${path}`, { as: admin, body })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body
  }
  const ids = Object.values(await tasksByKey(app)).map((task) => task.id)

  await send('PATCH', 'tasks', { ids, changes: { status: 'active' } })
  const { deletion_id } = await send('DELETE', 'tasks', { ids })
  await send('POST', 'trash/restore', { deletion_id })
  const second = await imported(app, admin, 'title,external_id', rows('Second'))
  await beginUndo(app.ctx.db, actorOf(admin, 'admin'), second)
  await undo(app, second)
  const third = await imported(app, admin, 'title,external_id', [['Third', `${key}third`]])
  await beginUndo(app.ctx.db, actorOf(admin, 'admin'), third)
  await undo(app, third)

  const { rows: versions } = await app.ctx.db.query<{ task_id: number; kept: string }>({
    text: `select task_id, string_agg(version || ' ' || title || ' ' || cause, ', ' order by version) as kept
             from task_versions group by task_id order by task_id`,
  })
  const kept = '1 First import, 2 First api, 3 First api, 4 First api, 5 Second import'
  assert.deepEqual(
    versions.slice(0, 3),
    ids.map((task_id) => ({ task_id, kept })),
  )
  assert.equal(versions.length, 4)
  await assert.rejects(
    app.ctx.db.query({
      text: `update tasks set title = 'One', version = version + 1, valid_from = clock_timestamp() where id = $1`,
      values: [ids[0]],
    }),
    /recorded by its row/,
  )
})

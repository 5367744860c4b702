import assert from 'node:assert/strict'
import type { Person, TestApp } from '../support/app.ts'
import { v1 } from '../tasks/team.ts'

const OPEN = 'status=pending,active,inactive'
export const STATUSES = ['pending', 'active', 'inactive', 'completed', 'cancelled']
export const PRIORITIES = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']

export interface Period {
  from: string
  to: string
  open: number
  created: number
  completed: number
}

export async function periods(app: TestApp, as: Person, query: string): Promise<Period[]> {
  const { status, body, text } = await app.send('GET', `${v1}/overview/periods?${query}`, { as })
  assert.equal(status, 200, text)
  return body.items
}

async function lengthOf(app: TestApp, as: Person, filter: string): Promise<number> {
  let count = 0
  for (let cursor = ''; ; ) {
    const { status, body, text } = await app.send('GET', `${v1}/tasks?limit=100&${filter}${cursor}`, { as })
    assert.equal(status, 200, text)
    count += body.items.length
    if (!body.next_cursor) return count
    cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`
  }
}

/** @param more narrows the lists as the periods were narrowed: `&project_id=2` */
export async function assertAsListed(app: TestApp, as: Person, items: Period[], more = ''): Promise<void> {
  for (const { from, to, ...counts } of items) {
    const at = `as_of=${to}${more}`
    const listed = {
      open: await lengthOf(app, as, `${at}&${OPEN}`),
      created: await lengthOf(app, as, `${at}&created_from=${from}&created_to=${to}`),
      completed: await lengthOf(app, as, `${at}&status=completed&updated_from=${from}&updated_to=${to}`),
    }
    assert.deepEqual(counts, listed, `${as.username}, ${from} to ${to}`)
  }
}

/** @param more narrows both: `&project_id=2` */
export async function assertPresentAsListed(app: TestApp, as: Person, more = ''): Promise<void> {
  const { body } = await app.send('GET', `${v1}/overview?${more.slice(1)}`, { as })
  const length = (filter: string) => lengthOf(app, as, filter + more)
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
  assert.equal(body.overdue_to, yesterday)
  assert.deepEqual(
    [body.tasks, body.open, body.overdue],
    [await length(''), await length(OPEN), await length(`${OPEN}&due_to=${yesterday}`)],
  )
  for (const status of STATUSES) assert.equal(body.by_status[status], await length(`status=${status}`), status)
  for (const priority of PRIORITIES) {
    assert.equal(body.by_priority[priority], await length(`${OPEN}&priority=${priority}`), priority)
  }
  for (const { assigned_user, open, overdue } of body.by_assignee) {
    const his = `${OPEN}&assigned_user=${assigned_user ?? 'none'}`
    assert.deepEqual([open, overdue], [await length(his), await length(`${his}&due_to=${yesterday}`)])
  }
  const people: number[] = body.by_assignee.map(({ open }: { open: number }) => open)
  assert.equal(
    people.reduce((a, b) => a + b, 0),
    body.open,
  )
  assert.deepEqual(
    people,
    people.toSorted((a, b) => b - a),
  )
}

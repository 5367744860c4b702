import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { CleanupStack, type Person } from '../support/app.ts'
import { type Console, inspect, showsTasks, startConsole } from '../support/browser.ts'
import { openTransaction } from '../support/database.ts'
import { until } from '../support/process.ts'
import { runSql } from '../support/template.ts'

describe('many tasks', () => {
  const cleanup = new CleanupStack()
  let console: Console
  let grace: Person
  before(async () => {
    console = await startConsole(cleanup)
    grace = await console.person('grace')
  })
  after(() => cleanup.run())

  const make = (title: string, more = {}) => console.makeTask(grace, title, more)
  const read = (id: number) => console.readTask(grace, id)
  const statuses = async (...tasks: { id: number }[]) =>
    Promise.all(tasks.map(async ({ id }) => (await read(id)).status))
  const count = async (query: string) =>
    (await console.send('GET', `/api/v1/tasks/count?${query}`, { as: grace })).body.count
  const bar = (page: Page) => page.getByRole('region', { name: 'Selected tasks' })
  const complete = async (page: Page) => {
    await bar(page).getByRole('button', { name: 'Status' }).click()
    await page.getByRole('menuitem', { name: 'Completed' }).click()
  }
  /** Those that are loaded by then; more may come at once. */
  const selectAll = (page: Page) => page.getByRole('checkbox', { name: 'Select all that are loaded' }).click()
  /** Rows of a project of their own, newest first. @returns the project */
  const plant = async (name: string, rows: number): Promise<number> => {
    const { body } = await console.send('POST', '/api/v1/projects', { as: grace, body: { name } })
    await runSql(
      console.databaseUrl,
      `insert into tasks (project_id, title, status, priority, created_by, created_at, updated_at, valid_from, changed_by)
       select ${body.id}, 'Row ' || g, 'active', 'LOW', ${grace.id}, at, at, at, ${grace.id}
         from (select g, now() - g * interval '1 minute' as at from generate_series(1, ${rows}) g) rows`,
    )
    return body.id
  }
  /** Goes down until so much has been loaded. */
  const scrollUntil = async (page: Page, text: string) => {
    await page.getByRole('region', { name: 'Tasks', exact: true }).focus()
    await until(async () => {
      await page.keyboard.press('End')
      return page.getByText(text, { exact: true }).isVisible()
    }, 60_000)
  }

  test('are changed and deleted at once, and Undo brings back what was', async (t) => {
    const one = await make('Move the chairs', { status: 'active' })
    const two = await make('Move the tables', { status: 'cancelled' })
    const { page } = await console.signedIn(t, grace, '/console/tasks?q=move')
    await showsTasks(page, ['Move the tables', 'Move the chairs'])
    await selectAll(page)
    await inspect(page, 'tasks-selected')
    await complete(page)
    await page.getByText('2 tasks changed.').waitFor()
    assert.deepEqual(await statuses(one, two), ['completed', 'completed'])
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('2 tasks as before.').waitFor()
    assert.deepEqual(await statuses(one, two), ['active', 'cancelled'])

    await selectAll(page)
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('2 tasks moved to the trash.').waitFor()
    await page.getByText('No task matches').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('2 tasks restored.').waitFor()
    await showsTasks(page, ['Move the tables', 'Move the chairs'])
  })

  test('are undone later when the server is away, but for what somebody has changed since', async (t) => {
    const one = await make('Wind the clocks')
    const two = await make('Wind the wool')
    const { page, expects } = await console.signedIn(t, grace, '/console/tasks?q=wind')
    expects(503)
    await showsTasks(page, ['Wind the wool', 'Wind the clocks'])
    await selectAll(page)
    await complete(page)
    await page.getByText('2 tasks changed.').waitFor()
    await console.send('PATCH', `/api/v1/tasks/${two.id}`, { as: grace, body: { title: 'Wind the yarn' } })
    await page.route('**/api/v1/tasks/undo', (route) => route.fulfill({ status: 503, body: '' }))
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('Not taken back yet. The server answered 503.').waitFor()
    await page.unroute('**/api/v1/tasks/undo')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('1 task as before. 1 task left alone: The task has changed since you read it.').waitFor()
    assert.deepEqual(await statuses(one, two), ['pending', 'completed'])
  })

  test('are not offered to be undone again when that is refused', async (t) => {
    await make('Sharpen the scythe')
    const { page, expects } = await console.signedIn(t, grace, '/console/tasks?q=scythe')
    expects(403)
    await showsTasks(page, ['Sharpen the scythe'])
    await selectAll(page)
    await complete(page)
    await page.getByText('1 task changed.').waitFor()
    await page.route('**/api/v1/tasks/undo', (route) => route.fulfill({ status: 403, body: '' }))
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('The server answered 403.', { exact: true }).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Undo' }).count(), 0)
  })

  test('are undone once when the answer to the first try was lost', async (t) => {
    const one = await make('Bake the bread')
    const { page, expects } = await console.signedIn(t, grace, '/console/tasks?q=bake')
    expects(502)
    await showsTasks(page, ['Bake the bread'])
    await selectAll(page)
    await complete(page)
    await page.getByText('1 task changed.').waitFor()
    let lost = 0
    await page.route('**/api/v1/tasks/undo', async (route) => {
      await route.fetch()
      lost++
      await route.fulfill({ status: 502, body: '' })
    })
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('Not taken back yet.').waitFor()
    await page.unroute('**/api/v1/tasks/undo')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('1 task as before.', { exact: true }).waitFor()
    assert.deepEqual([(await read(one.id)).version, lost], [3, 1])
  })

  test('are not exported while as many exports are under way as the server takes, and that is said', async (t) => {
    const { page, expects } = await console.signedIn(t, grace)
    expects(503)
    const tx = await openTransaction(t, console.databaseUrl)
    await tx.query({ text: 'lock table tasks in access exclusive mode' })
    const exports = [1, 2, 3].map(() => console.send('GET', '/api/v1/tasks.csv', { as: grace }))
    await tx.someoneWaits(3)
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('menuitem', { name: 'CSV' }).click()
    await page.getByRole('alert').getByText('As many exports as this server takes are under way.').waitFor()
    await tx.commit()
    await Promise.all(exports)
    // The first question is refused once more; by the time the reason is asked for, there is none.
    await page.route(/tasks\.csv/, (route) =>
      route.request().method() === 'HEAD' ? route.fulfill({ status: 503 }) : route.continue(),
    )
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('menuitem', { name: 'CSV' }).click()
    await (await saved).path()
  })

  test('are shown as they were when a change of them fails', async (t) => {
    await make('Tune the piano', { status: 'inactive' })
    const { page, expects } = await console.signedIn(t, grace, '/console/tasks?q=tune')
    expects(503)
    await showsTasks(page, ['Tune the piano'])
    await selectAll(page)
    // The list cannot be read again either, so what it shows is what was put back.
    await page.route(/\/api\/v1\/tasks(\?|$)/, (route) => route.fulfill({ status: 503, body: '' }))
    await complete(page)
    await page.getByRole('alert').getByText('The server answered 503.').first().waitFor()
    await page.getByRole('cell', { name: 'Inactive' }).waitFor()
    await page.getByText('This could not be read again.').waitFor()
  })

  test('that a filter matches are changed after a question; unticking one leaves it out', async (t) => {
    const project = await plant('Whole', 1_500)
    const { page } = await console.signedIn(t, grace, `/console/tasks?project_id=${project}`)
    await page.getByRole('link', { name: 'Row 1', exact: true }).waitFor()
    await selectAll(page)
    await bar(page).getByRole('button', { name: 'Select all that match' }).click()
    await bar(page).getByText('All that match selected').waitFor()
    await page.getByRole('checkbox', { name: 'Select Row 1', exact: true }).uncheck()
    await bar(page)
      .getByText(/^\d+ tasks selected$/)
      .waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText(/tasks moved to the trash/).waitFor()
    await page.getByRole('link', { name: 'Row 1', exact: true }).waitFor()
    const left = await count(`project_id=${project}`)
    const all = `${left.toLocaleString('en')} tasks`
    assert.ok(left >= 1_000 && left < 1_500, `${left} are left`)

    await selectAll(page)
    await bar(page).getByRole('button', { name: 'Select all that match' }).click()
    await complete(page)
    const question = page.getByRole('dialog', { name: 'Change all that match the filter?' })
    await question.getByText(`The filter matches ${all}`).waitFor()
    await inspect(page, 'tasks-whole')
    await question.getByRole('button', { name: 'Cancel' }).click()
    assert.equal(await count(`project_id=${project}&status=completed`), 0)
    await complete(page)
    await question.getByRole('button', { name: `Change ${all}` }).click()
    await page.getByText(`${all} changed.`).waitFor()
    assert.equal(await count(`project_id=${project}&status=completed`), left)
    const said = page.getByRole('status').filter({ hasText: `${all} changed.` })
    await said.getByRole('button', { name: 'Undo' }).click()
    await page.getByText(`${all} as before.`).waitFor()
    assert.equal(await count(`project_id=${project}&status=active`), left)
  })

  test('of a long list are read anew after a change by filter, and on Refresh', async (t) => {
    const project = await plant('Anew', 700)
    const { page } = await console.signedIn(t, grace, `/console/tasks?project_id=${project}&status=active`)
    await page.getByRole('link', { name: 'Row 1', exact: true }).waitFor()
    await scrollUntil(page, '700 tasks')
    await make('Row 0', { project_id: project, status: 'active' })
    await page.getByRole('button', { name: 'Refresh' }).click()
    await scrollUntil(page, '701 tasks')
    await selectAll(page)
    await page.keyboard.press('Home')
    await page.getByRole('checkbox', { name: 'Select Row 0', exact: true }).uncheck()
    await complete(page)
    await page.getByText('700 tasks changed.').waitFor()
  })

  test('are read on while they are scrolled, with only the rows in sight on the page', async (t) => {
    const project = await plant('Long', 1_234)
    const { page } = await console.signedIn(t, grace, `/console/tasks?project_id=${project}`)
    await page.getByRole('link', { name: 'Row 1', exact: true }).waitFor()
    await scrollUntil(page, '1,234 tasks')
    await page.keyboard.press('End')
    await page.getByRole('link', { name: 'Row 1234' }).waitFor()
    const onPage = await page.getByRole('row').count()
    assert.ok(onPage < 60, `${onPage} rows on the page`)
  })

  test('that could not be read on are asked for once, and again on demand', async (t) => {
    const project = await plant('Failing', 1_000)
    const { page, expects } = await console.signedIn(t, grace, '/console/trash')
    expects(429)
    let refused = 0
    await page.route(/\/api\/v1\/tasks\?.*cursor=/, (route) => {
      refused++
      return route.fulfill({ status: 429, body: '' })
    })
    await page.goto(`/console/tasks?project_id=${project}`)
    const again = page.getByRole('button', { name: 'The next ones could not be loaded. Try again' })
    await again.waitFor()
    await page.getByRole('region', { name: 'Tasks', exact: true }).focus()
    for (const key of ['End', 'Home', 'End']) await page.keyboard.press(key)
    await page.getByRole('link', { name: 'Row 100', exact: true }).waitFor()
    await again.waitFor()
    assert.equal(refused, 1)
    await page.unroute(/\/api\/v1\/tasks\?.*cursor=/)
    await again.click()
    await scrollUntil(page, '1,000 tasks')
  })

  test('that one may no longer read on are not offered again', async (t) => {
    const project = await plant('Refused', 1_000)
    const { page, expects } = await console.signedIn(t, grace, '/console/trash')
    expects(403)
    await page.route(/\/api\/v1\/tasks\?.*cursor=/, (route) => route.fulfill({ status: 403, body: '' }))
    await page.goto(`/console/tasks?project_id=${project}`)
    await page.getByRole('alert').getByText('The next ones could not be loaded. The server answered 403.').waitFor()
    assert.equal(await page.getByText('Try again').count(), 0)
  })
})

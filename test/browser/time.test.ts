import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, multipart, type Person } from '../support/app.ts'
import { type Console, inspect, startConsole } from '../support/browser.ts'
import { runSql } from '../support/template.ts'

describe('the past', () => {
  const cleanup = new CleanupStack()
  let console: Console
  let grace: Person
  let id: number
  before(async () => {
    console = await startConsole(cleanup, { worker: true })
    grace = await console.person('grace', 'admin')
    const csv =
      'task_name,description,status,priority,created_at,assigned_user\nAudit the keys,Old text,TRUE,HIGH,3/28/2025,grace\n'
    const upload = await console.send('POST', '/upload-csv', { as: grace, ...multipart(csv) })
    assert.equal(upload.status, 201)
    const { body } = await console.send('GET', '/api/v1/tasks', { as: grace })
    id = body.items[0].id
    const changes = { title: 'Audit all keys', status: 'completed' }
    await console.send('PATCH', `/api/v1/tasks/${id}`, { as: grace, body: changes })
    await console.send('POST', '/api/v1/tasks', { as: grace, body: { title: 'Made today' } })
  })
  after(() => cleanup.run())

  test('of the list is a day away, says what has changed since, and stands in the address', async (t) => {
    const { page, tab } = await console.signedIn(t, grace)
    await page.getByRole('link', { name: 'Made today' }).waitFor()
    await page.getByRole('textbox', { name: 'As of the end of a day' }).fill('2025-03-29')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Audit the keys' }).waitFor()
    await page.keyboard.press('Escape')
    assert.equal(await page.getByRole('link', { name: 'Made today' }).count(), 0)
    await page.getByText('Title: Audit all keys; Status: Completed').waitFor()
    assert.match(page.url(), /as_of=2025-03-29/)
    await inspect(page, 'past-list')
    await (await tab(page.url())).getByRole('link', { name: 'Audit the keys' }).waitFor()
    await page.getByRole('button', { name: 'What has changed since then' }).click()
    await page.getByRole('link', { name: 'Audit all keys' }).waitFor()
    // That day was over then.
    assert.match(page.url(), /updated_from=2025-03-30/)
  })

  test('that is no time is left out of the address, as is a day of the filter that is none', async (t) => {
    const { page } = await console.signedIn(
      t,
      grace,
      '/console/tasks?as_of=last+week&created_from=soon&due_to=2025&utm=1',
    )
    await page.getByRole('link', { name: 'Made today' }).waitFor()
    await page.getByRole('button', { name: 'New task' }).click({ trial: true })
  })

  test('of a task shows it as it was beside what it has become', async (t) => {
    const { page } = await console.signedIn(t, grace, `/console/tasks?as_of=2025-03-29&task=${id}`)
    const drawer = page.getByRole('dialog')
    await drawer.getByText('Title: Audit the keys → Audit all keys').waitFor()
    assert.equal(await drawer.getByRole('button', { name: 'Save' }).count(), 0)
    await inspect(page, 'past-task')
  })

  test('of a task does not call it deleted when the present one cannot be read', async (t) => {
    const { page, expects } = await console.signedIn(t, grace, '/console/trash')
    expects(429)
    await page.route(`**/api/v1/tasks/${id}`, (route) => route.fulfill({ status: 429, body: '' }))
    await page.goto(`/console/tasks?as_of=2025-03-29&task=${id}`)
    const drawer = page.getByRole('dialog')
    await drawer.getByText('The server answered 429.').waitFor()
    assert.equal(await drawer.getByText('It has been deleted.').count(), 0)
    await page.unroute(`**/api/v1/tasks/${id}`)
    await drawer.getByRole('button', { name: 'Try again' }).click()
    await drawer.getByText('Title: Audit the keys → Audit all keys').waitFor()
  })

  test('of a task can be gone back to, by its history', async (t) => {
    const { page } = await console.signedIn(t, grace, `/console/tasks?task=${id}`)
    await page.getByRole('tab', { name: 'History' }).click()
    await page.getByText('Status: Active → Completed').waitFor()
    await inspect(page, 'history')
    await page.getByRole('button', { name: 'Go back to this' }).click()
    await page.getByText('The task is as it was; that is version 3.').waitFor()
    await page.getByText('Status: Completed → Active').waitFor()
    await page.getByRole('row').getByRole('link', { name: 'Audit the keys' }).waitFor()
    const { body } = await console.send('GET', `/api/v1/tasks/${id}`, { as: grace })
    assert.deepEqual([body.title, body.status, body.version], ['Audit the keys', 'active', 3])
  })

  test('of a task stays on the page when what came before cannot be read', async (t) => {
    const { body: task } = await console.send('POST', '/api/v1/tasks', { as: grace, body: { title: 'Count to 30' } })
    for (let i = 1; i <= 21; i++) {
      const body = { title: `Counted to ${i}` }
      await console.send('PATCH', `/api/v1/tasks/${task.id}`, { as: grace, body })
    }
    const { page, expects } = await console.signedIn(t, grace, `/console/tasks?task=${task.id}`)
    await page.getByRole('tab', { name: 'History' }).click()
    const drawer = page.getByRole('dialog')
    await drawer.getByText('Title: Counted to 20 → Counted to 21').waitFor()
    expects(429)
    await page.route('**/history?*cursor=*', (route) => route.fulfill({ status: 429, body: '' }))
    await drawer.getByRole('button', { name: 'Show earlier changes' }).click()
    await drawer.getByText('The server answered 429.').waitFor()
    assert.equal(await drawer.getByText('Title: Counted to 20 → Counted to 21').count(), 1)
    await page.unroute('**/history?*cursor=*')
    await drawer.getByRole('button', { name: 'Show earlier changes' }).click()
    await drawer.getByText('Created by grace', { exact: true }).waitFor()
    assert.equal(await drawer.getByText('The server answered 429.').count(), 0)
  })

  test('of each row says what has become of it, without asking for rows that only pass by', async (t) => {
    const { body: project } = await console.send('POST', '/api/v1/projects', { as: grace, body: { name: 'Past' } })
    await runSql(
      console.databaseUrl,
      `insert into tasks (project_id, title, status, priority, created_by, created_at, updated_at, valid_from, changed_by)
       select ${project.id}, 'Row ' || g, 'active', 'LOW', ${grace.id}, at, at, at, ${grace.id}
         from (select g, timestamptz '2025-03-20' - g * interval '1 minute' as at from generate_series(1, 400) g) rows`,
    )
    const { body } = await console.send('GET', `/api/v1/tasks?project_id=${project.id}&limit=1`, { as: grace })
    await console.send('DELETE', `/api/v1/tasks/${body.items[0].id}`, { as: grace })
    const { page, expects } = await console.signedIn(t, grace, '/console/trash')
    expects(404)
    let asked = 0
    page.on('request', (request) => {
      if (/\/api\/v1\/tasks\/\d+$/.test(request.url())) asked++
    })
    await page.goto(`/console/tasks?as_of=2025-03-29&project_id=${project.id}`)
    await page
      .getByRole('row', { name: /^Row 1 / })
      .getByText('Deleted')
      .waitFor()
    await page
      .getByRole('row', { name: /^Row 2 / })
      .getByText('As it was')
      .waitFor()
    await page.getByText('400 tasks').waitFor()
    await page.evaluate(`new Promise((resolve) => {
      const box = document.querySelector('section[aria-label="Tasks"]')
      const step = () => {
        box.scrollTop += 100
        if (box.scrollTop + box.clientHeight < box.scrollHeight) requestAnimationFrame(step)
        else resolve()
      }
      step()
    })`)
    await page
      .getByRole('row', { name: /^Row 400 / })
      .getByText('As it was')
      .waitFor()
    assert.ok(asked < 200, `${asked} of 400 were asked for`)
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { plantJob } from '../background/plant-job.ts'
import { daysAgo, middayAgo, plantTask } from '../history/past.ts'
import { CleanupStack, multipart, type Person } from '../support/app.ts'
import { type Console, inspect, startConsole } from '../support/browser.ts'

describe('overview and administration', () => {
  const cleanup = new CleanupStack()
  let console: Console
  let ada: Person
  before(async () => {
    console = await startConsole(cleanup, { worker: true })
    ada = await console.person('ada', 'admin')
    const base = { project_id: 1, changed_by: ada.id, assigned_user_id: ada.id }
    for (let i = 0; i < 12; i++) {
      await plantTask(console, [
        { ...base, valid_from: middayAgo(70 - 5 * i), due_date: daysAgo(3) },
        { ...base, valid_from: middayAgo(10 - (i % 9)), status: i % 3 ? 'completed' : 'active', due_date: daysAgo(3) },
      ])
    }
  })
  after(() => cleanup.run())

  test('the overview shows numbers, and each leads to the tasks it counts', async (t) => {
    const { page } = await console.signedIn(t, ada, '/console/trash')
    const asked: string[] = []
    page.on('request', (request) => {
      const [, what] = request.url().split('/api/v1/overview')
      if (what !== undefined) asked.push(what)
    })
    await page.goto('/console/overview')
    const overdue = page.getByRole('link', { name: 'Overdue: 4' })
    await overdue.waitFor()
    await page.getByText('Show as a table').nth(1).waitFor()
    await page.getByText('Show as a table').first().click()
    await page
      .getByRole('link', { name: /^Open, .*: 12$/ })
      .first()
      .waitFor()
    assert.deepEqual(await page.locator('.recharts-legend-item').allTextContents(), ['Created', 'Completed'])
    const [legend, body] = await page.evaluate<[string, string]>(
      `[document.querySelector('.recharts-legend-item p, .recharts-legend-item span span'), document.body].map((element) => getComputedStyle(element).color)`,
    )
    assert.equal(legend, body, 'as dark as any text')
    await inspect(page, 'overview')
    assert.deepEqual(asked, ['', '/periods?period=day', '/periods?period=week'], 'all at once, and once')
    await overdue.click()
    await page.getByText('4 tasks').waitFor()
    assert.match(page.url(), /status=pending%2Cactive%2Cinactive&due_to=/)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('menuitem', { name: 'CSV' }).click()
    const lines = readFileSync(await (await saved).path(), 'utf8')
      .trim()
      .split('\r\n')
    assert.equal(lines.length, 5)
    // Opened by the browser itself, which keeps nothing of it in memory, and without a secret in the address.
    assert.match((await saved).url(), /\/api\/v1\/tasks\.csv\?[^#]*due_to=[\d-]+$/)
    await page.goBack()
    await page.getByRole('link', { name: 'ada', exact: true }).click()
    await page.getByText('4 tasks').waitFor()
  })

  test('an administrator adds users, changes roles, makes projects and their members', async (t) => {
    const mia = await console.person('mia')
    const { body: project } = await console.send('POST', '/api/v1/projects', { as: mia, body: { name: 'Of mia' } })
    const upload = multipart('task_name\nAnything\n', 'by-mia.csv')
    await console.send('POST', `/api/v1/imports?project_id=${project.id}`, { as: mia, ...upload })
    const { page, expects } = await console.signedIn(t, ada, '/console/administration?tab=nothing')
    expects(400)
    await page.getByRole('textbox', { name: 'New user', exact: true }).fill('grace')
    await page.getByRole('textbox', { name: 'Password of the new user' }).fill('seven silver spoons')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('cell', { name: 'grace', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Disable grace' }).click()
    await page.getByRole('button', { name: 'Enable grace' }).click()
    await page.getByRole('button', { name: 'Disable grace' }).waitFor()
    await inspect(page, 'administration-users')
    await page.getByRole('tab', { name: 'Imports' }).click()
    await page.getByRole('link', { name: 'by-mia.csv' }).waitFor()
    await page.getByRole('tab', { name: 'Projects' }).click()
    await page.getByLabel('New project').fill('Apollo')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('button', { name: 'Members of Apollo' }).waitFor()
    await inspect(page, 'administration-projects')
    await page.getByRole('button', { name: 'Members of Apollo' }).click()
    await page.getByLabel('New member').fill('nobody_here')
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click()
    await page.getByText('there is no user nobody_here').waitFor()
    assert.equal(await page.getByText('That did not work').count(), 0)
    await inspect(page, 'administration-member-refused')
    await page.getByLabel('New member').fill('grace')
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click()
    await page.getByRole('button', { name: 'Remove grace' }).waitFor()
    await inspect(page, 'administration-members')
  })

  test('jobs are shown, cancelled and tried again', async (t) => {
    const id = await plantJob(console, { name: 'history.retention', state: 'failed', output: { message: 'secret' } })
    const { page } = await console.signedIn(t, ada, '/console/administration?tab=jobs')
    await page.getByText('Something went wrong; the log of the worker says what.').waitFor()
    await inspect(page, 'administration-jobs')
    await page.getByRole('button', { name: 'Retry history.retention' }).click()
    await page.getByRole('button', { name: 'Retry history.retention' }).waitFor({ state: 'detached' })
    const { body } = await console.send('GET', '/api/v1/jobs?name=history.retention', { as: ada })
    assert.notEqual(body.items.find((job: { id: string }) => job.id === id).state, 'failed')
  })
})

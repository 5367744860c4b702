import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { plantJob } from '../background/plant-job.ts'
import { daysAgo, middayAgo, plantTask } from '../history/past.ts'
import { CleanupStack, multipart, type Person } from '../support/app.ts'
import { type Console, inspect, startConsole } from '../support/browser.ts'
import { runSql } from '../support/template.ts'

describe('overview, imports and administration', () => {
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

  test('a file is looked at, checked, imported, and taken back, over a reload', async (t) => {
    const { page } = await console.signedIn(t, ada, '/console/imports')
    const text = 'Aufgabe;Due;Prio\nFeed the cat;3/4/2031;HIGH\nWalk the dog;5/6/2031;urgent\nSleep;7/8/2031;LOW\n'
    await page.getByText('Nothing has been imported yet').waitFor()
    await inspect(page, 'imports-empty')
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'pets.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
    await page.getByText('Choose the column that is the title.').waitFor()
    assert.equal(await page.getByRole('combobox', { name: 'Delimiter' }).inputValue(), 'semicolon')
    await page.getByRole('combobox', { name: 'Field of Aufgabe' }).click()
    await page.getByRole('option', { name: 'Title' }).click()
    await page.getByText('Choose how dates are written.').waitFor()
    await page.getByRole('combobox', { name: 'Dates of Due' }).click()
    await page.getByRole('option', { name: /^Day first/ }).click()
    await inspect(page, 'imports-columns')
    await page.getByRole('button', { name: 'Check the whole file' }).click()
    await page.getByText('Checked. Nothing is written yet.').waitFor()
    await page.locator('h1:focus', { hasText: /^Import \d/ }).waitFor()
    await page.getByText('To create', { exact: true }).waitFor()
    const cells = page.getByRole('row').filter({ hasText: 'urgent' }).getByRole('cell')
    const reason = 'Prio is none of LOW, MEDIUM, HIGH, CRITICAL'
    await page.getByRole('cell', { name: 'Walk the dog' }).waitFor()
    assert.deepEqual(await cells.allTextContents(), ['3', 'Walk the dog', '5/6/2031', 'urgent', reason])
    assert.equal(await page.locator('[data-rejected]').textContent(), 'urgent')
    await inspect(page, 'imports-checked')
    await page.reload()
    await page.getByRole('button', { name: 'Import 2 rows' }).click()
    await page.getByText('Done.').waitFor()
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download rejected rows' }).click()
    assert.match((await saved).suggestedFilename(), /^rejected-\d+\.csv$/)
    const { body } = await console.send('GET', '/api/v1/tasks?q=feed', { as: ada })
    assert.equal(body.items[0].due_date, '2031-04-03')
    await page.getByRole('button', { name: 'Take it back', exact: true }).click()
    await page.getByText('2 tasks to the trash').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('button:focus', { hasText: 'Take it back' }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByText('2 tasks to the trash').waitFor()
    await inspect(page, 'imports-undo')
    await page.getByRole('button', { name: 'Take it back now' }).click()
    await page.getByText(/Taken back\.$/).waitFor()
    await page.getByRole('button', { name: 'Another file' }).click()
    await page.getByRole('link', { name: 'pets.csv' }).waitFor()
    const styles = await page.evaluate<string[]>(
      `Array.from(document.querySelectorAll('th:last-child, td:last-child'), (cell) => {
        const { textAlign, fontVariantNumeric } = getComputedStyle(cell)
        return textAlign + ' ' + fontVariantNumeric
      })`,
    )
    assert.deepEqual(styles, ['right tabular-nums', 'right tabular-nums'])
    await inspect(page, 'imports')
  })

  test('what cannot be read as it was found out can be read otherwise, and dates are asked for where one is none', async (t) => {
    const { page, expects } = await console.signedIn(t, ada, '/console/imports')
    expects(422)
    const text = 'Title,Due\nGrüße senden,3/4/2031\nWalk the dog,31/31/2031\n'
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'dates.csv', mimeType: 'text/csv', buffer: Buffer.from(text, 'latin1') })
    await page.getByRole('combobox', { name: 'Encoding' }).click()
    await page.getByRole('option', { name: 'utf-8' }).click()
    await page.getByRole('alert').waitFor()
    await page.getByRole('combobox', { name: 'Encoding' }).click()
    await page.getByRole('option', { name: 'windows-1252' }).click()
    await page.getByText('Choose how dates are written.').waitFor()
    await page.getByRole('combobox', { name: 'Dates of Due' }).click()
    await page.getByRole('option', { name: /^Day first/ }).click()
    const elsewhere = page.getByRole('link', { name: 'Board' })
    await page.route('**/api/v1/imports?*', async (route) => {
      await elsewhere.focus()
      await route.continue()
    })
    await page.getByRole('button', { name: 'Check the whole file' }).click()
    await page.getByText('Checked. Nothing is written yet.').waitFor()
    await page.getByRole('button', { name: 'Import 1 row' }).waitFor()
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Board', 'it has moved on meanwhile')
    assert.equal(await page.locator('[data-rejected]').textContent(), '31/31/2031')
  })

  test('an import is followed while it goes on, also when the stream breaks off', async (t) => {
    const upload = multipart('task_name\nStreamed\n', 'streamed.csv')
    const { body } = await console.send('POST', '/api/v1/imports', { as: ada, ...upload })
    const { page } = await console.signedIn(t, ada, '/console/imports')
    // As if it were on its way still: only the stream tells more.
    let looks = 0
    await page.route(`**/api/v1/imports/${body.id}`, async (route) => {
      looks++
      const response = await route.fetch()
      const moving = { state: 'merging', rows: 4_000, created: 1_000, rejected: 0, rows_per_second: 500 }
      await route.fulfill({ response, json: { ...(await response.json()), ...moving } })
    })
    let streams = 0
    let goOn = () => {}
    const isInspected = new Promise<void>((resolve) => {
      goOn = resolve
    })
    await page.route('**/progress', async (route) => {
      if (streams++ === 0) return route.fulfill({ contentType: 'text/event-stream', body: ': still there\n\n' })
      await isInspected
      await route.continue()
    })
    await page.goto(`/console/imports?id=${body.id}`)
    await page.getByText('500 rows a second').waitFor()
    assert.equal(await page.getByRole('progressbar').getAttribute('aria-valuenow'), '25')
    await inspect(page, 'imports-moving')
    goOn()
    await page.getByText('Done.').waitFor()
    assert.deepEqual([streams, looks], [2, 1])
  })

  test('an import of which the details were removed says so, and offers nothing that needs them', async (t) => {
    const upload = multipart('task_name\nKept\n""\n', 'old.csv')
    const { body } = await console.send('POST', '/api/v1/imports', { as: ada, ...upload })
    const { page, expects } = await console.signedIn(t, ada, `/console/imports?id=${body.id}`)
    await page.getByRole('button', { name: 'Take it back' }).waitFor()
    await page.locator('[data-rejected]').first().waitFor({ state: 'attached' }) // or they are asked for when they are gone
    await runSql(console.databaseUrl, `update imports set details_removed_at = now() where id = ${body.id}`)
    await page.reload()
    await page.getByText('it can no longer be taken back, and its rejected rows are gone').waitFor()
    for (const name of ['Take it back', 'Download rejected rows'])
      assert.equal(await page.getByRole('button', { name }).count(), 0, name)
    await inspect(page, 'imports-old')
    expects(404)
    await page.goto('/console/imports?id=999')
    await page.getByRole('link', { name: 'Go to the imports' }).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0)
    await inspect(page, 'imports-none')
    await page.getByRole('link', { name: 'Go to the imports' }).click()
    await page.getByRole('link', { name: 'old.csv' }).waitFor()
  })

  test('a file can be dropped, and its mapping stays when the tab is looked at again', async (t) => {
    const { page } = await console.signedIn(t, ada, '/console/imports')
    let previews = 0
    page.on('request', (request) => {
      if (request.url().endsWith('/imports/preview')) previews++
    })
    const files = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer()
      transfer.items.add(new File(['Aufgabe;Status\\nDropped;active\\n'], 'dropped.csv', { type: 'text/csv' }))
      return transfer
    })()`)
    const zone = page.getByRole('group', { name: 'File to import' })
    for (const event of ['dragenter', 'dragover', 'drop']) await zone.dispatchEvent(event, { dataTransfer: files })
    await page.getByRole('combobox', { name: 'Field of Aufgabe' }).click()
    await page.getByRole('option', { name: 'Title' }).click()
    await page.clock.install()
    await page.clock.fastForward('10:00')
    await page.evaluate(`window.dispatchEvent(new Event('visibilitychange'))`)
    await page.clock.runFor(5_000)
    assert.equal(await page.getByRole('combobox', { name: 'Field of Aufgabe' }).inputValue(), 'Title')
    assert.equal(previews, 1)
    await page.getByRole('button', { name: 'Check the whole file' }).click()
    await page.getByText('Checked. Nothing is written yet.').waitFor()
  })

  test('an administrator adds users, changes roles, makes projects and their members', async (t) => {
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
    await page.getByRole('link', { name: 'pets.csv' }).waitFor()
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

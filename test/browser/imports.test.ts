import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, multipart, type Person } from '../support/app.ts'
import { type Console, inspect, startConsole } from '../support/browser.ts'
import { runSql } from '../support/template.ts'

describe('imports', () => {
  const cleanup = new CleanupStack()
  let console: Console
  let ada: Person
  before(async () => {
    console = await startConsole(cleanup, { worker: true })
    ada = await console.person('ada', 'admin')
  })
  after(() => cleanup.run())

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

  for (const status of [401, 403, 404]) {
    test(`an import that is refused with ${status} while it goes on is asked for no more, and that is said`, async (t) => {
      const upload = multipart(`task_name\nRefused with ${status}\n`, 'refused.csv')
      const { body } = await console.send('POST', '/api/v1/imports', { as: ada, ...upload })
      const { page, expects } = await console.signedIn(t, ada, '/console/imports')
      expects(status)
      let isRefused = false
      await page.route(`**/api/v1/imports/${body.id}`, async (route) => {
        if (isRefused) return route.fulfill({ status, body: '' })
        const response = await route.fetch()
        await route.fulfill({ response, json: { ...(await response.json()), state: 'merging' } })
      })
      let streams = 0
      await page.route('**/progress', (route) => {
        streams++
        isRefused = true
        return route.fulfill({ status, body: '' })
      })
      await page.clock.install()
      await page.goto(`/console/imports?id=${body.id}`)
      await page.getByRole('alert').getByText(`The server answered ${status}.`).waitFor()
      assert.equal(await page.getByRole('button', { name: 'Cancel' }).count(), 0)
      assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0)
      const asked = streams
      await page.clock.runFor(10_000)
      assert.equal(streams, asked)
    })
  }

  test('an import that cannot be read again for a moment says so, and stays', async (t) => {
    const upload = multipart('task_name\nAway\n', 'away.csv')
    const { body } = await console.send('POST', '/api/v1/imports', { as: ada, ...upload })
    const { page, expects } = await console.signedIn(t, ada, `/console/imports?id=${body.id}`)
    expects(429)
    await page.getByText('Done.').waitFor()
    await page.route(`**/api/v1/imports/${body.id}`, (route) => route.fulfill({ status: 429, body: '' }))
    await page.clock.install()
    await page.clock.fastForward('00:03')
    await page.evaluate(`window.dispatchEvent(new Event('focus'))`)
    await page.getByRole('alert').getByText('The server answered 429.').waitFor()
    await page.getByText('Done.').waitFor()
    await page.unroute(`**/api/v1/imports/${body.id}`)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('alert').waitFor({ state: 'detached' })
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
})

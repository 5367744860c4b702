import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { CleanupStack, type Person } from '../support/app.ts'
import { type Console, startConsole } from '../support/browser.ts'
import { until } from '../support/process.ts'
import { runSql } from '../support/template.ts'

describe('by keyboard', () => {
  const cleanup = new CleanupStack()
  let console: Console
  let grace: Person
  before(async () => {
    console = await startConsole(cleanup)
    grace = await console.person('grace')
    await runSql(
      console.databaseUrl,
      `insert into tasks (project_id, title, status, priority, created_by, created_at, updated_at, valid_from, changed_by)
       select 1, 'Row ' || g, (array['pending', 'active', 'inactive', 'completed', 'cancelled'])[1 + g % 5], 'LOW',
              ${grace.id}, at, at, at, ${grace.id}
         from (select g, now() - g * interval '1 minute' as at from generate_series(1, 500) g) rows`,
    )
  })
  after(() => cleanup.run())

  const focused = (page: Page) =>
    page.evaluate<string>(`(({ activeElement: at }) => at.ariaLabel ?? at.textContent)(document)`)
  const press = async (page: Page, ...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key)
    return focused(page)
  }
  /** Waits for what comes to hold the focus by itself. */
  const holdsFocus = (page: Page, name: string) =>
    until(
      async () => (await focused(page)) === name,
      20_000,
      () => `the focus on ${name}`,
    )

  test('rows are gone through with arrow keys, and what is done with them is near, however many there are', async (t) => {
    const { page } = await console.signedIn(t, grace)
    await page.getByRole('checkbox', { name: 'Select Row 1', exact: true }).focus()
    assert.equal(await press(page, 'ArrowDown', 'Space', 'ArrowDown', 'Space'), 'Select Row 3')
    assert.equal(await press(page, 'Tab'), 'Row 3')
    assert.equal(await press(page, 'ArrowUp', 'ArrowUp', 'ArrowUp'), 'Row 1')
    assert.equal(await press(page, 'ArrowDown', 'Tab'), 'Status')
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'Pending' }).waitFor()
    await press(page, 'ArrowDown', 'Enter')
    await page.getByText('2 tasks changed.').waitFor()
    assert.equal(await press(page, 'Tab'), 'Undo')
    await page.keyboard.press('Enter')
    await page.getByText('2 tasks as before.').waitFor()
  })

  test('pages and ends of the list are reached, and its head stays in sight over what has the focus', async (t) => {
    const { page } = await console.signedIn(t, grace)
    await page.getByRole('checkbox', { name: 'Select Row 1', exact: true }).focus()
    for (let i = 0; i < 4; i++) await press(page, 'PageDown')
    const row = Number((await focused(page)).replace('Select Row ', ''))
    assert.ok(row > 20 && row < 100, `Row ${row}`)
    for (let i = 0; i < 2; i++) await press(page, 'PageUp')
    const head = await page.getByRole('columnheader', { name: 'Title' }).boundingBox()
    const box = await page.getByRole('region', { name: 'Tasks', exact: true }).boundingBox()
    assert.ok(head && box)
    assert.ok(Math.abs(head.y - box.y) < 3, `the head is at ${head.y}, its box at ${box.y}`)
    // Farther than one sees at once.
    for (let i = 0; i < 16; i++) {
      const cell = await page.locator(':focus').boundingBox()
      assert.ok(cell && cell.y >= head.y + head.height, `focused at ${cell?.y}, below ${head.y + head.height}`)
      await press(page, 'ArrowUp')
    }
    // The end of the list is that of what is loaded.
    await page.locator('[role="table"][aria-rowcount="501"]').waitFor()
    assert.equal(await press(page, 'End'), 'Tasks')
    await page.getByRole('link', { name: 'Row 500', exact: true }).waitFor()
    assert.equal(await press(page, 'Tab', 'Tab', 'Tab'), 'Select Row 500')
    await press(page, 'Home')
    await page.getByRole('link', { name: 'Row 1', exact: true }).waitFor()
    assert.equal(await press(page, 'Tab', 'Tab', 'Tab'), 'Select Row 1')
    await press(page, 'ArrowDown', 'ArrowDown', 'Home')
    assert.equal(await press(page, 'Tab', 'Tab', 'Tab'), 'Select Row 1')
    assert.equal(await press(page, 'ArrowDown', 'Shift+Home', 'Shift+Tab', 'Tab'), 'Select Row 2')
  })

  test('cards are gone through with arrow keys, one of each column with Tab, and one that was moved keeps the focus', async (t) => {
    const { page } = await console.signedIn(t, grace, '/console/board')
    const card = (name: string) => page.getByRole('group', { name, exact: true })
    await card('Row 5').focus()
    assert.equal(await press(page, 'ArrowDown', 'ArrowDown'), 'Row 15')
    assert.equal(await press(page, 'ArrowRight', 'ArrowDown', 'ArrowLeft'), 'Row 15')
    assert.equal(await press(page, 'Tab', 'Tab'), 'Row 6')
    assert.equal(await press(page, 'ArrowLeft'), 'Row 15')
    await page.keyboard.press('Space')
    await page.getByText(/You have lifted an item/).waitFor({ state: 'attached' })
    await page.keyboard.press('ArrowRight')
    await page.getByText(/You have moved the item/).waitFor({ state: 'attached' })
    await page.keyboard.press('Space')
    const active = page.getByRole('region', { name: 'Active', exact: true })
    await active.getByRole('group', { name: 'Row 15', exact: true }).waitFor()
    await holdsFocus(page, 'Row 15')
  })

  test('the focus stays in the form after it is saved, and comes back from each question, which Escape closes alone', async (t) => {
    const { page, expects } = await console.signedIn(t, grace)
    await page.getByRole('link', { name: 'Row 20', exact: true }).click()
    const form = page.getByRole('dialog', { name: /^Task/ })
    const title = form.getByRole('textbox', { name: 'Title' })
    await form.getByRole('textbox', { name: 'Description' }).fill('Typed')
    await form.getByRole('button', { name: 'Save' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Saved.').waitFor()
    await holdsFocus(page, 'Save')
    assert.equal(await press(page, 'Tab'), 'Copy the link to this task', 'not out of the form')

    await title.fill('Row 20, longer')
    await page.keyboard.press('Escape')
    const question = page.getByRole('dialog', { name: 'Leave without saving?' })
    await question.waitFor()
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    await until(async () => (await page.locator('input:focus').count()) === 1, 20_000)
    assert.equal(await page.locator('input:focus').inputValue(), 'Row 20, longer')

    expects(412)
    const id = new URL(page.url()).searchParams.get('task')
    await console.send('PATCH', `/api/v1/tasks/${id}`, { as: grace, body: { title: 'Row 20 by another' } })
    await form.getByRole('button', { name: 'Save' }).click()
    const conflict = page.getByRole('dialog', { name: 'Somebody has changed this task meanwhile' })
    await conflict.waitFor()
    await page.keyboard.press('Escape')
    await conflict.waitFor({ state: 'detached' })
    await holdsFocus(page, 'Save')
    assert.equal(await question.count(), 0)
    assert.equal(await title.inputValue(), 'Row 20, longer')
  })

  test('plots are passed by; their tables and links are not', async (t) => {
    const { page } = await console.signedIn(t, grace, '/console/overview')
    await page.getByText('Show as a table').nth(1).waitFor()
    await page.getByRole('link', { name: 'All tasks: 500' }).focus()
    assert.equal(await press(page, 'Tab'), 'Show as a table')
    assert.equal(await press(page, 'Tab'), 'Show as a table')
    assert.equal(await press(page, 'Tab'), 'Pending')
  })
})

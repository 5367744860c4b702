import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { CleanupStack, type Person } from '../support/app.ts'
import { type Console, inspect, startConsole } from '../support/browser.ts'
import { until } from '../support/process.ts'

describe('the board', () => {
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
  const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true })

  /** By keyboard; each step is told to who cannot see it. */
  const carryRight = async (page: Page, title: string) => {
    const steps = { Space: /You have lifted an item/, ArrowRight: /You have moved the item/ }
    await region(page, 'Pending').getByRole('group', { name: title }).focus()
    for (const [key, told] of Object.entries(steps)) {
      await page.keyboard.press(key)
      await page.getByText(told).waitFor({ state: 'attached' })
    }
    await page.keyboard.press('Space')
  }

  test('moves a card with the mouse, and shows it there at once', async (t) => {
    const task = await make('Sweep the yard', { priority: 'HIGH', due_date: '2031-04-30', assigned_user: 'grace' })
    await make('Mow the lawn', { status: 'active' })
    const { page } = await console.signedIn(t, grace, '/console/board')
    const card = region(page, 'Pending').getByRole('group', { name: 'Sweep the yard' })
    await card.waitFor()
    await inspect(page, 'board')
    const from = await card.boundingBox()
    const to = await region(page, 'Active').boundingBox()
    assert.ok(from && to)
    await page.mouse.move(from.x + from.width - 12, from.y + from.height - 8)
    await page.mouse.down()
    for (let step = 1; step <= 10; step++) {
      await page.mouse.move(from.x + ((to.x + 60 - from.x) * step) / 10, from.y + ((to.y + 80 - from.y) * step) / 10)
      await page.waitForTimeout(30)
    }
    await page.mouse.up()
    await region(page, 'Active').getByRole('group', { name: 'Sweep the yard' }).waitFor()
    await until(async () => (await read(task.id)).status === 'active', 20_000)
  })

  test('keeps the heading of every column in sight, however far down one is', async (t) => {
    const hedda = await console.person('hedda')
    const { body } = await console.send('POST', '/api/v1/projects', { as: hedda, body: { name: 'Of many cards' } })
    for (let i = 0; i < 30; i++) await console.makeTask(hedda, `Card ${i}`, { project_id: body.id })
    const { page } = await console.signedIn(t, hedda, `/console/board?project_id=${body.id}`)
    const oldest = region(page, 'Pending').getByRole('group', { name: 'Card 0', exact: true })
    await oldest.scrollIntoViewIfNeeded()
    const card = await oldest.boundingBox()
    for (const name of ['Pending', 'Completed']) {
      const heading = await page.getByRole('heading', { name, exact: true }).boundingBox()
      assert.ok(heading && card && heading.y > 0 && heading.y < card.y, name)
    }
    await inspect(page, 'board-far-down')
  })

  test('moves a card by keyboard, and says so', async (t) => {
    const task = await make('Wash the car')
    const { page } = await console.signedIn(t, grace, '/console/board')
    await carryRight(page, 'Wash the car')
    await region(page, 'Active').getByRole('group', { name: 'Wash the car' }).waitFor()
    await until(async () => (await read(task.id)).status === 'active', 20_000)
  })

  test('puts a card back when somebody else was faster', async (t) => {
    const task = await make('Shear the sheep')
    const { page, expects } = await console.signedIn(t, grace, '/console/board')
    expects(412)
    await region(page, 'Pending').getByRole('group', { name: 'Shear the sheep' }).waitFor()
    await console.send('PATCH', `/api/v1/tasks/${task.id}`, {
      as: grace,
      body: { title: 'Shear two sheep', status: 'completed' },
    })
    await carryRight(page, 'Shear the sheep')
    await page.getByText('Somebody has changed this task meanwhile.').waitFor()
    await region(page, 'Completed').getByRole('group', { name: 'Shear two sheep' }).waitFor()
    assert.equal(await page.getByRole('group', { name: /Shear/ }).count(), 1)
    assert.equal((await read(task.id)).status, 'completed')
  })

  test('shows what others have changed on Refresh', async (t) => {
    const task = await make('Rake the leaves')
    const { page } = await console.signedIn(t, grace, '/console/board')
    await region(page, 'Pending').getByRole('group', { name: 'Rake the leaves' }).waitFor()
    await console.send('PATCH', `/api/v1/tasks/${task.id}`, { as: grace, body: { status: 'cancelled' } })
    await page.getByRole('button', { name: 'Refresh' }).click()
    await region(page, 'Cancelled').getByRole('group', { name: 'Rake the leaves' }).waitFor()
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person } from '../support/app.ts'
import { type Console, inspect, startConsole } from '../support/browser.ts'

describe('the board', () => {
  const cleanup = new CleanupStack()
  let console: Console
  let grace: Person
  before(async () => {
    console = await startConsole(cleanup)
    grace = await console.person('grace')
  })
  after(() => cleanup.run())

  const make = async (title: string, more = {}) =>
    (await console.send('POST', '/api/v1/tasks', { as: grace, body: { title, ...more } })).body
  const read = async (id: number) => (await console.send('GET', `/api/v1/tasks/${id}`, { as: grace })).body
  const region = (page: import('playwright-core').Page, name: string) => page.getByRole('region', { name, exact: true })

  test('moves a card with the mouse, and shows it there at once', async () => {
    const task = await make('Sweep the yard', { priority: 'HIGH', due_date: '2031-04-30', assigned_user: 'grace' })
    await make('Mow the lawn', { status: 'active' })
    const { page } = await console.signedIn(grace, '/console/board')
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
    await until(async () => (await read(task.id)).status === 'active')
  })

  test('moves a card by keyboard, and says so', async () => {
    const task = await make('Wash the car')
    const { page } = await console.signedIn(grace, '/console/board')
    await region(page, 'Pending').getByRole('group', { name: 'Wash the car' }).focus()
    await page.keyboard.press('Space')
    await page.getByText(/You have lifted an item/).waitFor({ state: 'attached' })
    await page.waitForTimeout(500) // nobody presses keys faster than the card moves
    await page.keyboard.press('ArrowRight')
    await page.getByText(/You have moved the item/).waitFor({ state: 'attached' })
    await page.waitForTimeout(500)
    await page.keyboard.press('Space')
    await region(page, 'Active').getByRole('group', { name: 'Wash the car' }).waitFor()
    await until(async () => (await read(task.id)).status === 'active')
  })

  test('puts a card back when somebody else was faster', async () => {
    const task = await make('Shear the sheep')
    const { page, expects } = await console.signedIn(grace, '/console/board')
    expects(412)
    await region(page, 'Pending').getByRole('group', { name: 'Shear the sheep' }).waitFor()
    await console.send('PATCH', `/api/v1/tasks/${task.id}`, { as: grace, body: { title: 'Shear two sheep' } })
    await region(page, 'Pending').getByRole('group', { name: 'Shear the sheep' }).focus()
    for (const key of ['Space', 'ArrowRight', 'Space']) {
      await page.keyboard.press(key)
      await page.waitForTimeout(300)
    }
    await page.getByText('Somebody has changed this task meanwhile.').waitFor()
    await region(page, 'Pending').getByRole('group', { name: 'Shear two sheep' }).waitFor()
    assert.equal((await read(task.id)).status, 'pending')
  })
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 50 && !(await holds()); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.ok(await holds())
}

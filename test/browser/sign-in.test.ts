import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack } from '../support/app.ts'
import { type Console, inspect, startConsole } from '../support/browser.ts'

describe('signing in', () => {
  const cleanup = new CleanupStack()
  let console: Console
  before(async () => {
    console = await startConsole(cleanup)
  })
  after(() => cleanup.run())

  test('leads from any page to the form, and from the form to that page', async (t) => {
    const grace = await console.person('grace')
    const { page } = await console.visitor()
    await page.goto('/')
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await inspect(page, 'sign-in')
    await page.goto('/console/trash?x=1')
    await page.getByLabel('Username').fill(grace.username)
    await page.getByRole('textbox', { name: 'Password' }).fill('quiet-otter-laughs')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Trash' }).waitFor()
    t.diagnostic(page.url())
    assert.match(page.url(), /\/console\/trash/)
  })
})

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

  test('leads from any page to the form, and from the form to that page', async () => {
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
    assert.match(page.url(), /\/console\/trash\?x=1$/)
  })

  test('holds over a reload and in another tab, with no token that a script could read from the browser', async () => {
    const { page, context, tab } = await console.signedIn(await console.person('ada'))
    const kept = await page.evaluate<string>(
      'JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])',
    )
    assert.doesNotMatch(kept, /eyJ|refresh/)
    const [cookie] = await context.cookies(`${console.base}/api/v1/auth/refresh`)
    assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, 'Strict'])
    await page.reload()
    await page.getByRole('button', { name: 'Account of ada' }).waitFor()
    const second = await tab('/console/trash')
    await second.getByRole('button', { name: 'Account of ada' }).waitFor()
  })

  test('survives six tabs that are loaded at once, five times', async () => {
    const { context, page } = await console.signedIn(await console.person('edith'))
    const tabs = await Promise.all(Array.from({ length: 5 }, () => context.newPage()))
    for (let round = 0; round < 5; round++) {
      await Promise.all([page, ...tabs].map((each) => each.goto('/console/account')))
      for (const each of [page, ...tabs]) await each.getByRole('button', { name: 'Account of edith' }).waitFor()
    }
    const { body } = await console.send('GET', '/api/v1/auth/sessions', { as: (await console.login('edith')).token })
    assert.equal(body.items.length, 3)
  })

  test('says what is wrong with a password, and nothing of whether the name exists', async () => {
    const { page, expects } = await console.visitor()
    expects(401)
    await page.goto('/console/sign-in')
    await page.getByLabel('Username').fill('nobody_here')
    await page.getByRole('textbox', { name: 'Password' }).fill('not-the-password')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('Wrong username or password').waitFor()
    await inspect(page, 'sign-in-refused')
  })

  test('ends in every tab with signing out', async () => {
    const { page, tab } = await console.signedIn(await console.person('hedy'))
    const second = await tab('/console/trash')
    await second.getByRole('heading', { name: 'Trash' }).waitFor()
    await page.getByRole('button', { name: 'Account of hedy' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    for (const each of [page, second]) await each.getByRole('heading', { name: 'Sign in' }).waitFor()
    await second.reload()
    await second.getByRole('heading', { name: 'Sign in' }).waitFor()
  })

  test('is offered to who registers, with what is wrong beside the field', async () => {
    const { page, expects } = await console.visitor()
    expects(400)
    await page.goto('/console/register')
    await page.getByLabel('Username').fill('katherine')
    await page.getByRole('textbox', { name: 'Password' }).fill('password123')
    await page.getByRole('button', { name: 'Register' }).click()
    await page.getByText('is among the most common passwords').first().waitFor()
    await inspect(page, 'register-refused')
    await page.getByRole('textbox', { name: 'Password' }).fill('nine silver spoons')
    await page.getByRole('button', { name: 'Register' }).click()
    await page.getByRole('heading', { name: 'Tasks' }).waitFor()
  })
})

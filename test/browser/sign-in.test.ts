import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, PASSWORD, type Person } from '../support/app.ts'
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
    const { page } = await console.visitor(t)
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

  test('holds over a reload and in another tab, with no token that a script could read from the browser', async (t) => {
    const { page, context, tab } = await console.signedIn(t, await console.person('ada'))
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

  test('survives six tabs that are loaded at once, five times, of which one renews at a time', async (t) => {
    const { context, page } = await console.signedIn(t, await console.person('edith'))
    const tabs = await Promise.all(Array.from({ length: 5 }, () => context.newPage()))
    let renewing = 0
    let most = 0
    await context.route('**/api/v1/auth/refresh', async (route) => {
      most = Math.max(most, ++renewing)
      const response = await route.fetch()
      renewing--
      await route.fulfill({ response })
    })
    for (let round = 0; round < 5; round++) {
      await Promise.all([page, ...tabs].map((each) => each.goto('/console/account')))
      for (const each of [page, ...tabs]) await each.getByRole('button', { name: 'Account of edith' }).waitFor()
    }
    const { body } = await console.send('GET', '/api/v1/auth/sessions', { as: (await console.login('edith')).token })
    assert.equal(body.items.length, 3)
    assert.equal(most, 1)
  })

  test('is renewed once when a token is refused, and the request sent again', async (t) => {
    const { page, expects } = await console.signedIn(t, await console.person('radia'), '/console/trash')
    expects(401)
    let refused = 0
    await page.route('**/api/v1/tasks?*', (route) => {
      refused++
      return route.fulfill({ status: 401, body: '' })
    })
    let renewals = 0
    page.on('request', (request) => {
      if (!request.url().endsWith('/auth/refresh')) return
      renewals++
      void page.unroute('**/api/v1/tasks?*')
    })
    await page.getByRole('link', { name: 'Tasks', exact: true }).click()
    await page.getByText('No tasks yet').waitFor()
    assert.deepEqual([refused, renewals], [1, 1])
  })

  test('is renewed before its token ends', async (t) => {
    const { page } = await console.signedIn(t, await console.person('barbara'), '/console/trash')
    await page.clock.install()
    await page.reload()
    await page.getByText('The trash is empty').waitFor()
    const renewed = page.waitForRequest('**/api/v1/auth/refresh')
    await page.clock.fastForward('23:00:00')
    await page.getByRole('link', { name: 'Tasks', exact: true }).click()
    await renewed
    await page.getByText('No tasks yet').waitFor()
  })

  test('waits for a server that is away when the page is loaded', async (t) => {
    const { page, expects } = await console.signedIn(t, await console.person('jean'), '/console/trash')
    expects(503)
    await page.route('**/api/v1/auth/refresh', (route) => route.fulfill({ status: 503, body: '' }))
    await page.reload()
    await page.getByText('The server answered 503.').waitFor()
    await inspect(page, 'server-away')
    await page.unroute('**/api/v1/auth/refresh')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('The trash is empty').waitFor()
  })

  test('leads past the form with the back button', async (t) => {
    const { page } = await console.visitor(t)
    await console.person('frances')
    await page.goto('/console/register')
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByLabel('Username').fill('frances')
    await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByText('No tasks yet').waitFor()
    for (let back = 0; back < 2; back++) {
      await page.goBack()
      await page.getByRole('heading', { name: 'Tasks' }).waitFor()
      assert.equal(await page.getByRole('heading', { name: 'Sign in' }).count(), 0)
    }
  })

  for (const hears of [true, false]) {
    test(`as somebody else takes every tab along, ${hears ? 'at once' : 'at the next renewal'}`, async (t) => {
      const [first, second] = [await console.person(`one_${hears}`, 'admin'), await console.person(`two_${hears}`)]
      const { context, page, expects, tab } = await console.signedIn(t, first, '/console/sign-in')
      if (!hears) {
        expects(401)
        await context.addInitScript('BroadcastChannel = class { postMessage() {} }')
      }
      await page.goto('/console/tasks')
      await page.getByRole('link', { name: 'Administration' }).waitFor()
      const other = await tab('/console/sign-in')
      await other.getByLabel('Username').fill(second.username)
      await other.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
      await other.keyboard.press('Enter')
      await other.getByRole('button', { name: `Account of ${second.username}` }).waitFor()
      if (!hears) {
        await page.route('**/api/v1/tasks?*', (route) => route.fulfill({ status: 401, body: '' }), { times: 1 })
        await page.getByRole('button', { name: 'Refresh' }).click()
      }
      await page.getByRole('button', { name: `Account of ${second.username}` }).waitFor()
      assert.equal(await page.getByRole('link', { name: 'Administration' }).count(), 0)
    })
  }

  test('goes on when signing out did not reach the server', async (t) => {
    const { page, expects } = await console.signedIn(t, await console.person('annie'))
    expects(503)
    const signOut = async () => {
      await page.getByRole('button', { name: 'Account of annie' }).click()
      await page.getByRole('menuitem', { name: 'Sign out' }).click()
    }
    await page.route('**/api/v1/auth/logout', (route) => route.fulfill({ status: 503, body: '' }))
    await signOut()
    await page.getByText('The server answered 503.').waitFor()
    await page.unroute('**/api/v1/auth/logout')
    await page.reload()
    await signOut()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })

  test('says what is wrong with a password, and nothing of whether the name exists', async (t) => {
    const { page, expects } = await console.visitor(t)
    expects(401)
    await page.goto('/console/sign-in')
    await page.getByLabel('Username').fill('nobody_here')
    await page.getByRole('textbox', { name: 'Password' }).fill('not-the-password')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('Wrong username or password').waitFor()
    await inspect(page, 'sign-in-refused')
  })

  test('ends in every tab with signing out', async (t) => {
    const { page, tab } = await console.signedIn(t, await console.person('hedy'))
    const second = await tab('/console/trash')
    await second.getByRole('heading', { name: 'Trash' }).waitFor()
    await page.getByRole('button', { name: 'Account of hedy' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    for (const each of [page, second]) await each.getByRole('heading', { name: 'Sign in' }).waitFor()
    await second.reload()
    await second.getByRole('heading', { name: 'Sign in' }).waitFor()
  })

  describe('that was ended elsewhere', () => {
    /** All sessions but the last one, which is the one that asks. */
    async function endOthers(as: Person): Promise<void> {
      const { items } = (await console.send('GET', '/api/v1/auth/sessions', { as })).body
      for (const { id, current } of items)
        if (!current) await console.send('DELETE', `/api/v1/auth/sessions/${id}`, { as })
    }

    test('asks for the password over the page, keeps what was typed, and then does what was asked', async (t) => {
      const [agnes, chief] = [await console.person('agnes'), await console.person('chief', 'admin')]
      const task = await console.makeTask(agnes, 'Before')
      const { page, expects, tab } = await console.signedIn(t, agnes, `/console/tasks?task=${task.id}`)
      const other = await tab('/console/trash')
      await other.getByText('The trash is empty').waitFor()
      expects(401)
      await page.getByRole('textbox', { name: 'Title' }).fill('Typed with care')
      await endOthers(agnes)
      await page.getByRole('button', { name: 'Save' }).click()
      const dialog = page.getByRole('dialog', { name: 'Your session has ended' })
      await dialog.waitFor()
      await inspect(page, 'session-ended')
      const password = dialog.getByRole('textbox', { name: 'Password' })
      assert.equal(await page.evaluate('document.activeElement.name'), 'password')
      await page.keyboard.press('Escape')
      await password.fill('not-the-password')
      await page.keyboard.press('Enter')
      await dialog.getByRole('alert').getByText('Wrong username or password').waitFor()
      assert.equal(await page.getByRole('textbox', { name: 'Title' }).inputValue(), 'Typed with care')
      await console.send('PATCH', `/api/v1/users/${agnes.id}`, { as: chief, body: { role: 'admin' } })
      // The other tab finds the same, and is let go on by this one.
      await other.getByRole('link', { name: 'Tasks', exact: true }).click()
      await other.getByRole('dialog', { name: 'Your session has ended' }).waitFor()
      const saved = page.waitForResponse((answer) => answer.request().method() === 'PATCH' && answer.ok())
      await password.fill(PASSWORD)
      await page.keyboard.press('Enter')
      await saved
      assert.equal((await console.readTask(agnes, task.id)).title, 'Typed with care')
      await page.getByRole('link', { name: 'Administration' }).waitFor()
      await dialog.waitFor({ state: 'detached' })
      await other.getByRole('row', { name: /Before|Typed with care/ }).waitFor()
      assert.equal(await other.getByRole('dialog').count(), 0)
      await page.reload()
      await page.getByRole('button', { name: 'Account of agnes' }).waitFor()
    })

    test('leads to the form of who is somebody else, with nothing of the first left', async (t) => {
      const [rosa, mary] = [await console.person('rosa'), await console.person('mary')]
      const { page, expects } = await console.signedIn(t, rosa, '/console/trash')
      expects(401)
      await endOthers(rosa)
      await page.getByRole('link', { name: 'Tasks', exact: true }).click()
      await page.getByRole('button', { name: 'Somebody else' }).click()
      await page.getByRole('heading', { name: 'Sign in' }).waitFor()
      await page.getByLabel('Username').fill(mary.username)
      await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('button', { name: 'Account of mary' }).waitFor()
      await page.getByRole('heading', { name: 'Tasks' }).waitFor()
    })

    test('asks on the page of the form when it is loaded again', async (t) => {
      const ruth = await console.person('ruth')
      const { page, expects } = await console.signedIn(t, ruth, '/console/trash')
      expects(401)
      await endOthers(ruth)
      await page.getByRole('link', { name: 'Tasks', exact: true }).click()
      await page.getByRole('dialog', { name: 'Your session has ended' }).waitFor()
      await page.reload()
      await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    })
  })

  test('is offered to who registers, with what is wrong beside the field', async (t) => {
    const { page, expects } = await console.visitor(t)
    expects(400)
    await page.goto('/console/register')
    await page.getByLabel('Username').fill('katherine')
    await page.getByRole('textbox', { name: 'Password' }).fill('password123')
    await page.getByRole('button', { name: 'Register' }).click()
    await page.getByText('is among the most common passwords').waitFor()
    assert.equal(await page.getByRole('alert').count(), 0, 'said once')
    assert.equal(await page.evaluate('document.activeElement.autocomplete'), 'new-password')
    await inspect(page, 'register-refused')
    await page.getByRole('textbox', { name: 'Password' }).fill('nine silver spoons')
    await page.getByRole('button', { name: 'Register' }).click()
    await page.getByRole('heading', { name: 'Tasks' }).waitFor()
  })

  test('follows at the next try when the account was made and no more', async (t) => {
    const { page, expects } = await console.visitor(t)
    expects(503)
    await page.goto('/console/register')
    await page.getByLabel('Username').fill('dorothy')
    await page.getByRole('textbox', { name: 'Password' }).fill('nine silver spoons')
    await page.route('**/api/v1/auth/login', (route) => route.fulfill({ status: 503, body: '' }), { times: 1 })
    await page.getByRole('button', { name: 'Register' }).click()
    await page.getByText('Your account is made, but you are not signed in yet. The server answered 503.').waitFor()
    await inspect(page, 'register-not-signed-in')
    await page.getByRole('button', { name: 'Register' }).click()
    await page.getByRole('button', { name: 'Account of dorothy' }).waitFor()
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack } from '../support/app.ts'
import { type Console, inspect, startConsole } from '../support/browser.ts'

describe('account and trash', () => {
  const cleanup = new CleanupStack()
  let console: Console
  before(async () => {
    console = await startConsole(cleanup)
  })
  after(() => cleanup.run())

  test('a new password ends every other session', async (t) => {
    const ada = await console.person('ada')
    const { page, expects } = await console.signedIn(t, ada, '/console/account')
    expects(403)
    await page.getByText('This one', { exact: true }).waitFor()
    await inspect(page, 'account')
    await page.getByRole('textbox', { name: 'Current password' }).fill('not this one')
    await page.getByRole('textbox', { name: 'New password' }).fill('nine silver spoons')
    await page.getByRole('button', { name: 'Change the password' }).click()
    await page.getByText('is wrong', { exact: true }).waitFor()
    assert.equal(await page.getByRole('alert').count(), 0)
    assert.equal(await page.evaluate('document.activeElement.autocomplete'), 'current-password')
    await page.getByRole('textbox', { name: 'Current password' }).fill('quiet-otter-laughs')
    await page.getByRole('button', { name: 'Change the password' }).click()
    await page.getByText('Your password is changed.').waitFor()
    for (const name of ['Current password', 'New password']) {
      assert.equal(await page.getByRole('textbox', { name }).inputValue(), '')
    }
    assert.equal((await console.send('GET', '/api/v1/users/me', { as: ada })).status, 401)
    await page.reload()
    await page.getByRole('heading', { name: 'Your sessions' }).waitFor()
  })

  test('one session can be ended, and asks for a password at its next request', async (t) => {
    const mary = await console.person('mary')
    const here = await console.signedIn(t, mary, '/console/account')
    const there = await console.signedIn(t, mary, '/console/tasks')
    there.expects(401)
    await here.page.reload()
    const buttons = here.page.getByRole('button', { name: /^End this one/ })
    await buttons.first().waitFor()
    assert.equal(await buttons.count(), 2)
    await buttons.first().click()
    await here.page.getByText('That session has ended.').waitFor()
    await there.page.getByRole('button', { name: 'Refresh' }).click()
    await there.page.getByRole('dialog', { name: 'Your session has ended' }).waitFor()
  })

  test('what was deleted is brought back, alone or with all that went with it', async (t) => {
    const joan = await console.person('joan')
    const ids = []
    for (const title of ['First of three', 'Second of three', 'Third of three', 'Alone']) {
      ids.push((await console.send('POST', '/api/v1/tasks', { as: joan, body: { title } })).body.id)
    }
    const { page } = await console.signedIn(t, joan, '/console/trash')
    await page.getByText('The trash is empty').waitFor()
    await inspect(page, 'trash-empty')
    await console.send('DELETE', '/api/v1/tasks', { as: joan, body: { ids: ids.slice(0, 3) } })
    await console.send('DELETE', `/api/v1/tasks/${ids[3]}`, { as: joan })
    await page.reload()
    await page.getByRole('button', { name: 'Restore Alone' }).waitFor()
    await inspect(page, 'trash')
    await page.getByRole('button', { name: 'Restore Alone' }).click()
    await page.getByText('Alone: restored.').waitFor()
    await page.getByRole('button', { name: 'Restore all that were deleted with Second of three' }).click()
    await page.getByText('3 tasks restored.').waitFor()
    await page.getByText('The trash is empty').waitFor()
    const { body } = await console.send('GET', '/api/v1/tasks', { as: joan })
    assert.equal(body.items.length, 4)
  })

  test('every page can be reached by keyboard alone, and a page that is none says so', async (t) => {
    const { page } = await console.signedIn(t, await console.person('rosalind'), '/console/trash')
    await page.getByText('The trash is empty').waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to content')
    for (let presses = 0; presses < 20; presses++) {
      if ((await page.evaluate('document.activeElement.textContent')) === 'Board') break
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Board' }).waitFor()
    await page.goto('/console/no-such-page')
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
    await inspect(page, 'no-such-page')
  })
})

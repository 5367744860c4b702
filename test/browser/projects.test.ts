import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person } from '../support/app.ts'
import { type Console, inspect, startConsole } from '../support/browser.ts'

describe('projects', () => {
  const cleanup = new CleanupStack()
  let console: Console
  let mia: Person
  before(async () => {
    console = await startConsole(cleanup)
    mia = await console.person('mia')
  })
  after(() => cleanup.run())

  test('who makes a project maintains it: its name, its members, its end', async (t) => {
    const carl = await console.person('carl')
    const { page } = await console.signedIn(t, mia, '/console/tasks')
    await page.getByRole('link', { name: 'Projects' }).click()
    await page.getByLabel('New project').fill('Apolo')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('button', { name: 'Rename Apolo' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Apollo')
    await inspect(page, 'projects-rename')
    await page.getByRole('textbox', { name: 'Name' }).press('Enter')
    await page.getByRole('cell', { name: 'Apollo', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Members of Apollo' }).click()
    await page.getByLabel('New member').fill(carl.username)
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click()
    await page.getByRole('button', { name: 'Remove carl' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Archive Apollo' }).click()
    await page.getByRole('cell', { name: 'Apollo', exact: true }).waitFor({ state: 'detached' })
    await page.getByRole('switch', { name: 'Show archived' }).press('Space')
    await page.getByRole('button', { name: 'Bring back Apollo' }).waitFor()
    await inspect(page, 'projects')
  })

  test('a name that is refused says so in its dialog, and nowhere else', async (t) => {
    await console.send('POST', '/api/v1/projects', { as: mia, body: { name: 'Soyuz' } })
    const { page, expects } = await console.signedIn(t, mia, '/console/projects')
    expects(400)
    await page.getByRole('button', { name: 'Rename Soyuz' }).click()
    const dialog = page.getByRole('dialog')
    const name = dialog.getByRole('textbox', { name: 'Name' })
    await name.fill('x'.repeat(300))
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.locator('.mantine-TextInput-error').waitFor()
    await dialog.locator('input:focus').waitFor()
    assert.equal(await page.getByRole('alert').count(), 0)
    await inspect(page, 'projects-rename-refused')
  })

  test('who contributes sees who is in it, and changes nothing of it', async (t) => {
    const grace = await console.person('grace')
    const { body } = await console.send('POST', '/api/v1/projects', { as: mia, body: { name: 'Gemini' } })
    await console.send('POST', `/api/v1/projects/${body.id}/members`, {
      as: mia,
      body: { username: 'grace', role: 'contributor' },
    })
    const { page } = await console.signedIn(t, grace, '/console/projects')
    await page.getByRole('button', { name: 'Members of Gemini' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('cell', { name: 'Maintainer', exact: true }).waitFor()
    await inspect(page, 'projects-members-read')
    for (const name of ['Add', 'Remove mia']) {
      await dialog.getByRole('button', { name, exact: true }).waitFor({ state: 'detached' })
    }
    await page.keyboard.press('Escape')
    for (const name of ['Rename Gemini', 'Archive Gemini']) {
      await page.getByRole('button', { name }).waitFor({ state: 'detached' })
    }
  })
})

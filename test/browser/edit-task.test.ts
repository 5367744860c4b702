import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { CleanupStack, type Person } from '../support/app.ts'
import { type Console, inspect, startConsole } from '../support/browser.ts'
import { until } from '../support/process.ts'

/** The browser does not tell what is in the body of a request that is sent from a stream. */
const KEEP_SENT = `
  sent = []
  send = fetch
  fetch = async (request) => {
    if (request.method === 'PATCH') sent.push([request.headers.get('if-match'), await request.clone().json()])
    return send(request)
  }`

/** Somebody looks at the page again a minute later, so that what it shows is read again. */
const COME_BACK = `{
  const now = Date.now
  Date.now = () => now() + 60_000
  dispatchEvent(new Event('visibilitychange'))
}`

describe('the form of a task', () => {
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
  const change = (id: number, body: object) => console.send('PATCH', `/api/v1/tasks/${id}`, { as: grace, body })
  const field = (page: Page, name: string) => page.getByRole('dialog').getByRole('textbox', { name })

  test('sends only the fields that were changed', async (t) => {
    const task = await make('Paint the fence', { description: 'All of it' })
    const { page } = await console.signedIn(t, grace, `/console/tasks?task=${task.id}`)
    await field(page, 'Title').fill('Paint the fence blue')
    await inspect(page, 'task-edit')
    await page.evaluate(KEEP_SENT)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    assert.deepEqual(await page.evaluate('sent'), [['"1"', { title: 'Paint the fence blue' }]])
    await page.getByRole('row').getByRole('link', { name: 'Paint the fence blue' }).waitFor()
    const { title, description, version } = await read(task.id)
    assert.deepEqual([title, description, version], ['Paint the fence blue', 'All of it', 2])
  })

  test('names the project of the task, also one that takes no more tasks', async (t) => {
    const { body: project } = await console.send('POST', '/api/v1/projects', { as: grace, body: { name: 'Old house' } })
    const task = await make('Lock the door', { project_id: project.id })
    await console.send('PATCH', `/api/v1/projects/${project.id}`, { as: grace, body: { archived: true } })
    const { page } = await console.signedIn(t, grace, `/console/tasks?task=${task.id}`)
    const choice = page.getByRole('dialog').getByRole('combobox', { name: 'Project' })
    await until(async () => (await choice.inputValue()) === 'Old house', 20_000)
  })

  test('says what is wrong beside the field, and nowhere else', async (t) => {
    const task = await make('Paint the gate')
    const { page, expects } = await console.signedIn(t, grace, `/console/tasks?task=${task.id}`)
    expects(400)
    const assignee = page.getByRole('dialog').getByRole('combobox', { name: 'Assigned to' })
    await assignee.fill('nobody_here')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('is not an active member of the project').waitFor()
    assert.equal(await page.getByRole('alert').count(), 0)
    assert.equal(await page.evaluate('document.activeElement.dataset.path'), 'assigned_user')
    await assignee.fill('grace')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    assert.equal((await read(task.id)).assigned_user, 'grace')
  })

  test('takes a newer version over once nothing is typed any more', async (t) => {
    const task = await make('Clean the roof')
    const { page } = await console.signedIn(t, grace, `/console/tasks?task=${task.id}`)
    await field(page, 'Title').fill('Clean every roof')
    await change(task.id, { description: 'With care' })
    const isRead = page.waitForResponse((answer) => answer.url().endsWith(`/tasks/${task.id}`))
    await page.evaluate(COME_BACK)
    await isRead
    await page.getByRole('tab', { name: 'History' }).click()
    await page.getByText('Description: none → With care').waitFor()
    await page.getByRole('tab', { name: 'Details' }).click()
    assert.equal(await field(page, 'Title').inputValue(), 'Clean every roof')
    await field(page, 'Title').fill('Clean the roof')
    await until(async () => (await field(page, 'Description').inputValue()) === 'With care', 20_000)
  })

  test('keeps what is typed while it is saved', async (t) => {
    const task = await make('Sand the floor')
    const { page } = await console.signedIn(t, grace, `/console/tasks?task=${task.id}`)
    let answer = () => {}
    const isTyped = new Promise<void>((resolve) => {
      answer = resolve
    })
    await page.route(`**/api/v1/tasks/${task.id}`, async (route) => {
      if (route.request().method() === 'PATCH') await isTyped
      await route.continue()
    })
    await field(page, 'Title').fill('Sand the floors')
    await page.getByRole('button', { name: 'Save' }).click()
    await field(page, 'Description').fill('Twice')
    answer()
    await page.getByText('Saved.').waitFor()
    assert.equal(await field(page, 'Description').inputValue(), 'Twice')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').nth(1).waitFor()
    const { title, description, version } = await read(task.id)
    assert.deepEqual([title, description, version], ['Sand the floors', 'Twice', 3])
  })

  test('asks before it is left with something that is not saved', async (t) => {
    const task = await make('Oil the hinges')
    const { page } = await console.signedIn(t, grace, '/console/tasks')
    await page.getByRole('row').getByRole('link', { name: 'Oil the hinges' }).click()
    await field(page, 'Title').fill('Oil every hinge')
    const question = page.getByRole('dialog', { name: 'Leave without saving?' })
    const leave = [() => page.keyboard.press('Escape'), () => page.goBack(), () => page.mouse.click(100, 500)]
    for (const leaving of leave) {
      await leaving()
      await question.waitFor()
      await question.getByRole('button', { name: 'Go on editing' }).click()
      await question.waitFor({ state: 'detached' })
      assert.equal(await field(page, 'Title').inputValue(), 'Oil every hinge')
    }
    await page.keyboard.press('Escape')
    await inspect(page, 'task-leave')
    await question.getByRole('button', { name: 'Leave it' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.equal((await read(task.id)).version, 1)
  })

  test('keeps what is typed during a look at the history, and still asks before it is left', async (t) => {
    const task = await make('Wind the clock')
    const { page } = await console.signedIn(t, grace, `/console/tasks?task=${task.id}`)
    await field(page, 'Title').fill('Wind every clock')
    await page.getByRole('tab', { name: 'History' }).click()
    await page.getByText('Created by grace', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    const question = page.getByRole('dialog', { name: 'Leave without saving?' })
    await question.getByRole('button', { name: 'Go on editing' }).click()
    await page.getByRole('tab', { name: 'Details' }).click()
    assert.equal(await field(page, 'Title').inputValue(), 'Wind every clock')
  })

  test('keeps what is typed when the task cannot be read again, or has been deleted meanwhile', async (t) => {
    const task = await make('Trim the hedge')
    const { page, expects } = await console.signedIn(t, grace, `/console/tasks?task=${task.id}`)
    await field(page, 'Title').fill('Trim every hedge')
    const comeBack = () => page.evaluate(COME_BACK)
    const drawer = page.getByRole('dialog')
    expects(429)
    await page.route(`**/api/v1/tasks/${task.id}`, (route) => route.fulfill({ status: 429, body: '' }))
    await comeBack()
    await drawer.getByText('The server answered 429.').waitFor()
    assert.equal(await field(page, 'Title').inputValue(), 'Trim every hedge')
    await page.unroute(`**/api/v1/tasks/${task.id}`)
    await drawer.getByRole('button', { name: 'Try again' }).click()
    await drawer.getByText('The server answered 429.').waitFor({ state: 'detached' })
    expects(404)
    await console.send('DELETE', `/api/v1/tasks/${task.id}`, { as: grace })
    await comeBack()
    await drawer.getByText('There is no such task').waitFor()
    assert.equal(await field(page, 'Title').inputValue(), 'Trim every hedge')
  })

  test('shows both versions when somebody else was faster, and takes a choice for each field', async (t) => {
    const task = await make('Feed the cat', { description: 'Twice', status: 'pending' })
    const { page, expects } = await console.signedIn(t, grace, `/console/tasks?task=${task.id}`)
    expects(412)
    await field(page, 'Title').fill('Feed the cats')
    await field(page, 'Description').fill('Three times')
    await change(task.id, { title: 'Feed the dog', status: 'active', description: 'Four times' })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'Somebody has changed this task meanwhile' }).waitFor()
    await inspect(page, 'task-conflict')
    const choice = page.getByRole('radiogroup', { name: 'Description' })
    await choice.getByLabel('Theirs').check()
    await page.getByRole('button', { name: 'Save what is chosen' }).click()
    await page.getByText('Saved.').waitFor()
    const { title, description, status } = await read(task.id)
    assert.deepEqual([title, description, status], ['Feed the cats', 'Four times', 'active'])
  })

  test('begins anew with its choices when somebody is faster a second time', async (t) => {
    const task = await make('Walk the dog', { description: 'Far' })
    const { page, expects } = await console.signedIn(t, grace, `/console/tasks?task=${task.id}`)
    expects(412)
    await field(page, 'Title').fill('Walk the dogs')
    await field(page, 'Description').fill('Farther')
    await change(task.id, { title: 'Walk the cat', description: 'Near' })
    await page.getByRole('button', { name: 'Save' }).click()
    const choice = page.getByRole('radiogroup', { name: 'Title' })
    const save = page.getByRole('button', { name: 'Save what is chosen' })
    await choice.getByLabel('Theirs').check()
    await change(task.id, { title: 'Walk the cow' })
    await save.click()
    await choice.getByText('Walk the cow').waitFor()
    assert.ok(await choice.getByLabel('Yours').isChecked())
    await choice.getByLabel('Theirs').check()
    await save.click()
    await page.getByText('Saved.').waitFor()
    const { title, description } = await read(task.id)
    assert.deepEqual([title, description], ['Walk the cow', 'Farther'])
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person } from '../support/app.ts'
import { type Console, inspect, showsTasks, startConsole } from '../support/browser.ts'

describe('the list of tasks', () => {
  const cleanup = new CleanupStack()
  let console: Console
  let grace: Person
  before(async () => {
    console = await startConsole(cleanup)
    grace = await console.person('grace')
    await console.person('linus')
    for (const [title, more] of [
      [
        'Order the new rack',
        { priority: 'HIGH', labels: ['hardware'], assigned_user: 'linus', due_date: '2031-04-30' },
      ],
      ['Water the plants', { status: 'active' }],
      ['Rotate the keys', { priority: 'CRITICAL', description: 'All of them <b>today</b>' }],
    ] as const) {
      await make(title, more)
    }
  })
  after(() => cleanup.run())

  const make = (title: string, more = {}) => console.makeTask(grace, title, more)
  test('shows them, narrows them, and keeps the filter in the address, for links and the back button', async (t) => {
    const { page, tab } = await console.signedIn(t, grace)
    const all = ['Rotate the keys', 'Water the plants', 'Order the new rack']
    await showsTasks(page, all)
    await inspect(page, 'tasks')
    await page.getByRole('searchbox').fill('keys')
    await showsTasks(page, ['Rotate the keys'])
    assert.match(page.url(), /[?&]q=keys/)
    await page.goBack()
    await showsTasks(page, all)
    assert.equal(await page.getByRole('searchbox').inputValue(), '')
    await page.getByRole('combobox', { name: 'Priority' }).click()
    await page.getByRole('option', { name: 'High' }).click()
    await page.getByRole('option', { name: 'Critical' }).click()
    await page.getByRole('option', { name: 'Low' }).click()
    await page.keyboard.press('Escape')
    const priorities = page.getByRole('combobox', { name: 'Priority' })
    await page.getByText('High +2', { exact: true }).waitFor()
    assert.equal(await priorities.getAttribute('aria-description'), 'High, Critical, Low')
    const heights = await page.evaluate<number[]>(
      `Array.from(document.querySelectorAll('.mantine-MultiSelect-input'), (input) => input.offsetHeight)`,
    )
    assert.equal(heights[1], heights[0], 'one line, as with nothing chosen')
    await showsTasks(page, ['Rotate the keys', 'Order the new rack'])
    await page.getByRole('button', { name: 'Created' }).click()
    await showsTasks(page, ['Order the new rack', 'Rotate the keys'])
    await showsTasks(await tab(page.url()), ['Order the new rack', 'Rotate the keys'])
    await page.getByRole('button', { name: 'More filters' }).click()
    await page.getByRole('combobox', { name: 'Labels, all of them' }).fill('hardware')
    await page.keyboard.press('Enter')
    await showsTasks(page, ['Order the new rack'])
    await inspect(page, 'tasks-filters')
    await page.keyboard.press('Escape')
    await page.getByRole('searchbox').fill('nothing like this')
    await page.getByText('No task matches').waitFor()
    await inspect(page, 'tasks-none')
  })

  test('takes words into the search as they are typed, and nothing more after Clear', async (t) => {
    const { page } = await console.signedIn(t, grace, '/console/tasks?priority=LOW')
    const field = page.getByRole('searchbox')
    await field.pressSequentially('the ')
    await page.waitForURL(/q=the(&|$)/)
    assert.equal(await field.inputValue(), 'the ')
    await field.pressSequentially('keys')
    await page.waitForURL(/q=the\+keys/)
    assert.equal(await field.inputValue(), 'the keys')
    await page.clock.install()
    await field.fill('the rack')
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    await page.waitForURL(/\/tasks$/)
    await page.clock.runFor(5_000)
    assert.equal(await field.inputValue(), '')
    assert.match(page.url(), /\/tasks$/)
  })

  test('names a project as soon as its name is known', async (t) => {
    const { page } = await console.signedIn(t, grace, '/console/trash')
    let answer = () => {}
    const isDrawn = new Promise<void>((resolve) => {
      answer = resolve
    })
    await page.route('**/api/v1/projects?*', async (route) => {
      await isDrawn
      await route.continue()
    })
    await page.evaluate(`localStorage.setItem('tasklog-columns', '["title", "project"]')`)
    await page.goto('/console/tasks')
    await page.getByRole('cell', { name: 'Project 1', exact: true }).first().waitFor()
    answer()
    await page.getByRole('cell', { name: 'General', exact: true }).first().waitFor()
  })

  test('says that the server cannot be reached, loses nothing of what was typed, and goes on later', async (t) => {
    const { page, context, expects } = await console.signedIn(t, grace)
    expects(Number.NaN) // no status, for no answer came
    await page.getByRole('link', { name: 'Rotate the keys' }).waitFor()
    await context.setOffline(true)
    await page.getByRole('searchbox').fill('keys')
    await page.getByRole('alert').getByText('The server cannot be reached.').waitFor()
    await page.getByRole('searchbox').fill('')
    await page.getByRole('button', { name: 'New task' }).click()
    await page.getByRole('textbox', { name: 'Title' }).fill('Typed on a train')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('dialog').getByText('The server cannot be reached.').waitFor()
    await context.setOffline(false)
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('link', { name: 'Typed on a train' }).waitFor()
  })

  test('begins what is written from right to left at the right, wherever it is shown', async (t) => {
    const words = 'مهمة باللغة العربية'
    const task = await make(words, { description: 'وصف طويل.' })
    const { page } = await console.signedIn(t, grace)
    await page.getByRole('row').locator('a:dir(rtl)').waitFor()
    assert.deepEqual(await page.getByRole('row').locator('a:dir(rtl)').allTextContents(), [words])
    await page.goto(`/console/board?task=${task.id}`)
    for (const field of ['input', 'textarea']) await page.getByRole('dialog').locator(`${field}:dir(rtl)`).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('group').locator('a:dir(rtl)', { hasText: words }).waitFor()
    await console.send('DELETE', `/api/v1/tasks/${task.id}`, { as: grace })
  })

  test('asks no more for a task that is deleted in its form', async (t) => {
    const { id } = await make('Throw the old rack away')
    const { page, expects } = await console.signedIn(t, grace, `/console/tasks?task=${id}`)
    const asked: string[] = []
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`))
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('1 task restored.').waitFor()
    assert.ok(asked.includes('DELETE /api/v1/tasks'))
    assert.ok(!asked.includes(`GET /api/v1/tasks/${id}`), asked.join('\n'))
    await console.send('DELETE', `/api/v1/tasks/${id}`, { as: grace })
    expects(404)
    await page.goto(`/console/tasks?task=${id}`)
    await page.getByText('There is no such task').waitFor()
    await inspect(page, 'task-none')
    await page.goto('/console/tasks?task=none')
    await page.getByText('There is no such task').waitFor()
    await inspect(page, 'task-no-id')
    await page.getByRole('button', { name: 'Back to the tasks' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  test('shows pages that are not loaded yet as out of reach while the server is, and then as they are', async (t) => {
    const { page, context, expects } = await console.signedIn(t, grace)
    expects(Number.NaN) // no status, for no answer came
    await page.getByRole('link', { name: 'Rotate the keys' }).waitFor()
    await context.setOffline(true)
    await page.getByRole('link', { name: 'Trash' }).click()
    await page.getByRole('alert').getByText('The server cannot be reached.').waitFor()
    await page.getByRole('link', { name: 'Tasks', exact: true }).click()
    await page.getByRole('link', { name: 'Rotate the keys' }).waitFor()
    await context.setOffline(false)
    await page.getByRole('link', { name: 'Trash' }).click()
    await page.getByRole('heading', { name: 'Trash' }).waitFor()
  })

  test('remembers which columns somebody wants', async (t) => {
    const { page } = await console.signedIn(t, grace)
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('checkbox', { name: 'External id' }).check()
    await page.getByRole('checkbox', { name: 'Due' }).uncheck()
    await page.reload()
    await page.getByRole('columnheader', { name: 'External id' }).waitFor()
    assert.equal(await page.getByRole('columnheader', { name: 'Due' }).count(), 0)
  })

  test('makes a task, with what is wrong beside the field', async (t) => {
    const { page, expects } = await console.signedIn(t, grace)
    expects(400)
    await page.getByRole('button', { name: 'New task' }).click()
    await page.getByRole('textbox', { name: 'Title' }).fill('Count the chairs')
    await page.getByRole('combobox', { name: 'Assigned to' }).fill('nobody_here')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByText('is not an active member of the project').waitFor()
    assert.equal(await page.getByRole('dialog').getByRole('alert').count(), 0)
    assert.equal(await page.evaluate('document.activeElement.dataset.path'), 'assigned_user')
    await inspect(page, 'task-new-refused')
    await page.getByRole('combobox', { name: 'Assigned to' }).fill('linus')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('link', { name: 'Count the chairs' }).waitFor()
    assert.equal(await page.getByRole('dialog').count(), 0)
  })

  test('shows what was changed elsewhere when its tab, or its window beside others, is looked at again', async (t) => {
    const { page } = await console.signedIn(t, grace)
    await page.getByRole('link', { name: 'Rotate the keys' }).waitFor()
    await page.clock.install()
    for (const event of ['visibilitychange', 'focus']) {
      const { id } = await make(`Made before ${event}`)
      await page.clock.fastForward('00:03')
      await page.evaluate(`window.dispatchEvent(new Event('${event}'))`)
      await page.getByRole('link', { name: `Made before ${event}` }).waitFor()
      await console.send('DELETE', `/api/v1/tasks/${id}`, { as: grace })
    }
  })
})

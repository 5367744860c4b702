import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { CleanupStack, type Person } from '../support/app.ts'
import { type Console, inspect, startConsole } from '../support/browser.ts'
import { runSql } from '../support/template.ts'

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

  const make = async (title: string, more = {}) =>
    (await console.send('POST', '/api/v1/tasks', { as: grace, body: { title, ...more } })).body
  const read = async (id: number) => (await console.send('GET', `/api/v1/tasks/${id}`, { as: grace })).body
  const titles = async (page: Page) => page.getByRole('row').getByRole('link').allTextContents()
  const shows = (page: Page, expected: string[]) => until(async () => assert.deepEqual(await titles(page), expected))

  test('shows them, narrows them, and keeps the filter in the address, for links and the back button', async () => {
    const { page, tab } = await console.signedIn(grace)
    const all = ['Rotate the keys', 'Water the plants', 'Order the new rack']
    await shows(page, all)
    await inspect(page, 'tasks')
    await page.getByRole('searchbox').fill('keys')
    await shows(page, ['Rotate the keys'])
    assert.match(page.url(), /[?&]q=keys/)
    await page.goBack()
    await shows(page, all)
    assert.equal(await page.getByRole('searchbox').inputValue(), '')
    await page.getByRole('combobox', { name: 'Priority' }).click()
    await page.getByRole('option', { name: 'High' }).click()
    await page.getByRole('option', { name: 'Critical' }).click()
    await page.keyboard.press('Escape')
    await shows(page, ['Rotate the keys', 'Order the new rack'])
    await page.getByRole('button', { name: 'Created' }).click()
    await shows(page, ['Order the new rack', 'Rotate the keys'])
    await shows(await tab(page.url()), ['Order the new rack', 'Rotate the keys'])
    await page.getByRole('button', { name: 'More filters' }).click()
    await page.getByRole('combobox', { name: 'Labels, all of them' }).fill('hardware')
    await page.keyboard.press('Enter')
    await shows(page, ['Order the new rack'])
    await inspect(page, 'tasks-filters')
    await page.keyboard.press('Escape')
    await page.getByRole('searchbox').fill('nothing like this')
    await page.getByText('No task matches').waitFor()
    await inspect(page, 'tasks-none')
  })

  test('remembers which columns somebody wants', async () => {
    const { page } = await console.signedIn(grace)
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('checkbox', { name: 'External id' }).check()
    await page.getByRole('checkbox', { name: 'Due' }).uncheck()
    await page.reload()
    await page.getByRole('columnheader', { name: 'External id' }).waitFor()
    assert.equal(await page.getByRole('columnheader', { name: 'Due' }).count(), 0)
  })

  test('makes a task, with what is wrong beside the field', async () => {
    const { page, expects } = await console.signedIn(grace)
    expects(400)
    await page.getByRole('button', { name: 'New task' }).click()
    await page.getByRole('textbox', { name: 'Title' }).fill('Count the chairs')
    await page.getByRole('combobox', { name: 'Assigned to' }).fill('nobody_here')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('dialog').getByRole('alert').waitFor()
    await inspect(page, 'task-new-refused')
    await page.getByRole('combobox', { name: 'Assigned to' }).fill('linus')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('link', { name: 'Count the chairs' }).waitFor()
    assert.equal(await page.getByRole('dialog').count(), 0)
  })

  test('changes only the fields that were changed', async () => {
    const task = await make('Paint the fence', { description: 'All of it' })
    const { page } = await console.signedIn(grace, `/console/tasks?task=${task.id}`)
    await page.getByRole('textbox', { name: 'Title' }).fill('Paint the fence blue')
    await page.getByRole('dialog').waitFor()
    await inspect(page, 'task-edit')
    // Somebody without If-Match changes another field; theirs must survive.
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    await page.getByRole('row').getByRole('link', { name: 'Paint the fence blue' }).waitFor()
    const { title, description, version } = await read(task.id)
    assert.deepEqual([title, description, version], ['Paint the fence blue', 'All of it', 2])
  })

  test('shows both versions when somebody else was faster, and takes a choice for each field', async () => {
    const task = await make('Feed the cat', { description: 'Twice', status: 'pending' })
    const { page, expects } = await console.signedIn(grace, `/console/tasks?task=${task.id}`)
    expects(412)
    await page.getByRole('textbox', { name: 'Title' }).fill('Feed the cats')
    await page.getByRole('textbox', { name: 'Description' }).fill('Three times')
    const theirs = { title: 'Feed the dog', status: 'active', description: 'Four times' }
    await console.send('PATCH', `/api/v1/tasks/${task.id}`, { as: grace, body: theirs })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'Somebody has changed this task meanwhile' }).waitFor()
    await inspect(page, 'task-conflict')
    await page.getByRole('radiogroup', { name: 'Description' }).getByLabel('Theirs').check()
    await page.getByRole('button', { name: 'Save what is chosen' }).click()
    await page.getByText('Saved.').waitFor()
    const { title, description, status } = await read(task.id)
    assert.deepEqual([title, description, status], ['Feed the cats', 'Four times', 'active'])
  })

  test('changes and deletes many at once, and Undo brings back what was', async () => {
    const one = await make('Move the chairs', { status: 'active' })
    const two = await make('Move the tables', { status: 'cancelled' })
    const { page } = await console.signedIn(grace, '/console/tasks?q=move')
    await shows(page, ['Move the tables', 'Move the chairs'])
    await page.getByRole('checkbox', { name: 'Select all that are loaded' }).check()
    await inspect(page, 'tasks-selected')
    await page.getByRole('region', { name: 'Selected tasks' }).getByRole('button', { name: 'Status' }).click()
    await page.getByRole('menuitem', { name: 'Completed' }).click()
    await page.getByText('2 tasks changed.').waitFor()
    assert.deepEqual([(await read(one.id)).status, (await read(two.id)).status], ['completed', 'completed'])
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('2 tasks as before.').waitFor()
    assert.deepEqual([(await read(one.id)).status, (await read(two.id)).status], ['active', 'cancelled'])

    await page.getByRole('checkbox', { name: 'Select all that are loaded' }).check()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('2 tasks moved to the trash.').waitFor()
    await page.getByText('No task matches').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('2 tasks restored.').waitFor()
    await shows(page, ['Move the tables', 'Move the chairs'])
  })

  test('reads on while it is scrolled, and has only the rows in sight on the page', async () => {
    const ada = await console.person('ada')
    const { id: project_id } = (await console.send('POST', '/api/v1/projects', { as: ada, body: { name: 'Long' } }))
      .body
    await runSql(
      console.databaseUrl,
      `insert into tasks (project_id, title, status, priority, created_by, created_at, updated_at, valid_from, changed_by)
       select ${project_id}, 'Row ' || g, 'active', 'LOW', ${ada.id}, at, at, at, ${ada.id}
         from (select g, now() - g * interval '1 minute' as at from generate_series(1, 1234) g) rows`,
    )
    const { page } = await console.signedIn(ada, `/console/tasks?project_id=${project_id}`)
    await page.getByRole('link', { name: 'Row 1', exact: true }).waitFor()
    const box = page.getByRole('region', { name: 'Tasks' })
    await box.focus()
    for (
      let presses = 0;
      presses < 60 && !(await page.getByText('1,234 tasks', { exact: true }).isVisible());
      presses++
    ) {
      await page.keyboard.press('End')
      await page.waitForTimeout(100)
    }
    await page.keyboard.press('End')
    await page.getByRole('link', { name: 'Row 1234' }).waitFor()
    const onPage = await page.getByRole('row').count()
    assert.ok(onPage < 60, `${onPage} rows on the page`)
  })
})

async function until(check: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < 40; attempt++) {
    try {
      return await check()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  await check()
}

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, PASSWORD, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'

const v1 = '/api/v1'
const FOX = '🦊' // two UTF-16 units, four bytes, one character

describe('text', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person

  before(async () => {
    app = await startApp(cleanup)
    admin = await app.person('ada', 'admin')
  })
  after(() => cleanup.run())

  const post = (path: string, body: object) => app.send('POST', `${v1}${path}`, { as: admin, body })
  const search = (q: string) => app.send('GET', `${v1}/tasks?q=${encodeURIComponent(q)}`, { as: admin })
  const titles = async (q: string) => {
    const answer = await search(q)
    assert.equal(answer.status, 200, answer.text)
    return answer.body.items.map((task: { title: string }) => task.title)
  }

  for (const [member, limit] of [
    ['title', 200],
    ['description', 20_000],
    ['external_id', 200],
  ] as const) {
    test(`${member} may have ${limit} characters, counted as people count them, and comes back as it was`, async () => {
      for (const letter of ['x', 'é', '漢', FOX]) {
        const text = letter.repeat(limit)
        const rest = member === 'title' ? {} : { title: 'a' }
        const made = await post('/tasks', { ...rest, [member]: text })
        assert.equal(made.status, 201, made.text.slice(0, 300))
        const read = await app.send('GET', String(made.headers.location), { as: admin })
        assert.equal(read.body[member], text)
        assertPointsTo(await post('/tasks', { ...rest, [member]: text + letter }), `/${member}`)
      }
    })
  }

  test('a label may have 50 characters, a task 20 labels', async () => {
    const labels = [FOX.repeat(50), ...Array.from({ length: 19 }, (_, i) => `label ${i}`)]
    const made = await post('/tasks', { title: 'a', labels })
    assert.equal(made.status, 201)
    assert.deepEqual(made.body.labels, labels.toSorted())
    assertPointsTo(await post('/tasks', { title: 'a', labels: [FOX.repeat(51)] }), '/labels/0')
    assertPointsTo(await post('/tasks', { title: 'a', labels: [...labels, 'one more'] }), '/labels')
    assertPointsTo(await post('/tasks', { title: 'a', labels: ['twice', 'twice'] }), '/labels')
    for (const label of ['', ' ', ' a', 'a ', 'a,b', '\t']) {
      assertPointsTo(await post('/tasks', { title: 'a', labels: [label] }), '/labels/0', JSON.stringify(label))
    }
  })

  test('a project name may have 100 characters, and is more than blanks', async () => {
    assert.equal((await post('/projects', { name: FOX.repeat(100) })).body.name, FOX.repeat(100))
    assertPointsTo(await post('/projects', { name: FOX.repeat(101) }), '/name')
    for (const name of ['', ' ', '\u00a0\u2003\n']) assertPointsTo(await post('/projects', { name }), '/name')
  })

  test('an external_id of blanks is none', async () => {
    for (const external_id of [' ', '\u00a0\u2003', '\ufeff']) {
      assertPointsTo(await post('/tasks', { title: 'Keyed', external_id }), '/external_id')
    }
  })

  test('a title of blanks is no title', async () => {
    for (const title of ['', ' ', '\t\n', '\u00a0', '\u3000']) assertPointsTo(await post('/tasks', { title }), '/title')
  })

  test('text comes back byte for byte: markup, quotes, line ends, directions and joined characters', async () => {
    for (const title of [
      '<img src=x onerror=alert(1)>',
      'javascript:alert(1)',
      `'; drop table tasks; --`,
      '"\\/\b\f\n\r\t',
      ' blanks around ',
      '\u202eright to left',
      '👩‍👩‍👧‍👦 family',
      'e\u0301 is not é',
      '\u0001\u001f\u007f\u0085\u2028\u2029\ufeff\ufffd\uffff',
      `\${1+1} {{1+1}} %s %d`,
      '=1+1',
    ]) {
      const made = await post('/tasks', { title, description: title })
      assert.equal(made.status, 201, made.text)
      const read = await app.send('GET', `${v1}/tasks/${made.body.id}`, { as: admin })
      assert.equal(read.body.title, title)
      assert.equal(read.body.description, title)
    }
  })

  for (const date of [
    '2025-02-29',
    '2025-13-01',
    '2025-00-10',
    '2025-1-1',
    '25-01-01',
    '0000-01-01',
    '10000-01-01',
    '2025-01-01T00:00:00Z',
    '3/31/2025',
    'today',
    '',
  ]) {
    test(`${JSON.stringify(date)} is no due date`, async () => {
      const answer = await post('/tasks', { title: 'a', due_date: date })
      assertPointsTo(answer, '/due_date')
      assert.match(answer.body.errors[0].detail, /^must be a date such as 2025-03-31/)
    })
  }

  for (const date of ['0001-01-01', '2024-02-29', '9999-12-31']) {
    test(`${date} is a due date`, async () => {
      assert.equal((await post('/tasks', { title: 'a', due_date: date })).body.due_date, date)
    })
  }

  test('a search takes every character for what it is, and is quick', async () => {
    await post('/tasks', { title: 'Ordinary thing' })
    const started = performance.now()
    const odd = [
      '%',
      '_',
      '%%',
      '\\',
      "'",
      '"',
      "' or 1=1 --",
      '(a+)+$',
      ':*',
      '!',
      '&',
      '|',
      '<->',
      '()',
      '* *',
      'o%y',
      'ord_nary',
      'o*y',
      FOX,
      '\u0001',
      '\ufeff',
    ]
    for (const q of odd) assert.ok(!(await titles(q)).includes('Ordinary thing'), q)
    assert.ok(performance.now() - started < 200 * odd.length)
  })

  test('a search for more than 200 characters, or for nothing, is 400', async () => {
    assertPointsTo(await search('x'.repeat(201)), '/q')
    assertPointsTo(await search('x'.repeat(10_000)), '/q')
    assertPointsTo(await search(''), '/q')
    assert.deepEqual(await titles('z'.repeat(200)), [])
    assert.deepEqual(await titles('z+'.repeat(100)), [])
  })

  for (const query of [
    'q=%00',
    'q=a%00b',
    '%00=1',
    'q=%ff',
    'q=%c0%80',
    'q=%ed%a0%80',
    'q=%e2%82',
    'q=%',
    'q=%zz',
    'q=%u0041',
    '%ff=1',
  ]) {
    test(`the query ${query} is 400`, async () => {
      assertProblem(await app.send('GET', `${v1}/tasks?${query}`, { as: admin }), 400)
    })
  }

  test('a query parameter given twice is 400, also as an array', async () => {
    for (const query of ['q=a&q=b', 'q=a&q=a', 'limit=1&limit=1', 'status=active&status=active']) {
      assertPointsTo(await app.send('GET', `${v1}/tasks?${query}`, { as: admin }), `/${query.split('=')[0]}`)
    }
    for (const query of ['q[]=a', 'limit[]=1', 'q[x]=a', '__proto__=1', 'constructor=1', '__proto__[x]=1']) {
      assertProblem(await app.send('GET', `${v1}/tasks?${query}`, { as: admin }), 400)
    }
    assert.equal(({} as { x?: unknown }).x, undefined)
  })

  test('no error repeats the password that was sent', async () => {
    const secret = `${PASSWORD}\u0000`
    for (const body of [
      { username: 'ada', password: secret },
      { username: 'ada', password: [PASSWORD] },
      { username: 7, password: PASSWORD },
    ]) {
      for (const path of ['/auth/login', '/auth/register']) {
        const answer = await post(path, body)
        assertProblem(answer, 400)
        assert.ok(!answer.text.includes(PASSWORD), answer.text)
      }
    }
  })
})

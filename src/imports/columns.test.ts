import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AppError } from '../platform/errors.ts'
import { type ColumnOptions, knowsColumn, mapColumns } from './columns.ts'

type Any = Omit<ColumnOptions, 'profile'>
const any = (header: string[], options: Any = {}) => mapColumns(header, { profile: 'any', ...options })
const original = (header: string[]) => mapColumns(header, { profile: 'original' })
const fields = (header: string[], options: Any = {}) => any(header, options).map(({ field }) => field)
const formats = (header: string[], options: Any = {}) => any(header, options).map(({ format }) => format)

function assertRefused(map: () => unknown, ...says: RegExp[]): void {
  assert.throws(map, (error) => {
    assert.ok(error instanceof AppError)
    assert.deepEqual([error.code, error.status], ['INVALID_CSV_HEADER', 422])
    for (const text of says) assert.match(`${error.message} ${error.options.hint ?? ''}`, text)
    return true
  })
}

const SIX = ['task_name', 'description', 'status', 'priority', 'created_at', 'assigned_user']

describe('the original contract', () => {
  test('six columns, in any order and case, with dates month first', () => {
    assert.deepEqual(original([' Task_Name ', 'CREATED_AT']), [
      { name: ' Task_Name ', field: 'title', format: null },
      { name: 'CREATED_AT', field: 'created_at', format: 'MDY' },
    ])
    assert.equal(original(SIX).length, 6)
  })

  test('nothing else is taken, nor anything left out', () => {
    assertRefused(() => original(['status']), /lacks task_name, description, priority, created_at, assigned_user\./)
    assertRefused(() => original(['title', 'status']), /lacks task_name/)
    assertRefused(() => original(['task_name', 'due_date', 'id']), /unknown columns: "due_date", "id"/)
    assertRefused(() => original(['task_name', '']), /unknown columns: ""/)
    assertRefused(() => original(['task_name', 'Task_Name']), /twice: "task_name"/)
    assertRefused(() => original(['task_name', '__proto__']), /__proto__/)
  })

  test('a file of these columns has dates month first in any profile', () => {
    assert.deepEqual(any(SIX), original(SIX))
    assert.deepEqual(formats(['Task_name', 'created_at', '']), [null, 'MDY', null])
    assert.deepEqual(formats(['task_name', 'created_at', 'due_date']), [null, null, null])
    assert.deepEqual(formats(['title', 'created_at']), [null, null])
    assert.deepEqual(formats(SIX, { dateFormat: 'DMY' })[4], 'DMY')
  })
})

describe('any columns', () => {
  test('names are compared without case, and with spaces, hyphens and underscores equal', () => {
    assert.deepEqual(fields(['TITLE', ' Due-Date ', 'assigned user', 'External__ID', 'Created At']), [
      'title',
      'due_date',
      'assigned_user',
      'external_id',
      'created_at',
    ])
  })

  test('common other names are known', () => {
    assert.deepEqual(
      fields(['Issue key', 'Summary', 'Notes', 'State', 'Severity', 'Assignee', 'Deadline', 'Tags', 'Date Created']),
      [
        'external_id',
        'title',
        'description',
        'status',
        'priority',
        'assigned_user',
        'due_date',
        'labels',
        'created_at',
      ],
    )
  })

  test('read-only columns of an export, the column error and cells without a name are left out', () => {
    const header = ['error', 'id', 'project_id', 'title', 'created_by', 'updated_at', 'version', 'import_id', '', ' ']
    assert.deepEqual(
      fields(header),
      header.map((name) => (name === 'title' ? 'title' : null)),
    )
    assert.deepEqual(
      any(header).map(({ name }) => name),
      header,
    )
  })

  test('an unknown column refuses the file and tells of mapping', () => {
    assertRefused(
      () => any(['title', 'Sprint', 'constructor']),
      /unknown columns: "Sprint", "constructor"\./,
      /mapping/,
    )
  })

  test('two columns for one field refuse the file, both named', () => {
    assertRefused(() => any(['Title', 'status', 'Summary']), /several columns for title: "Title", "Summary"/, /mapping/)
    assert.deepEqual(fields(['Title', 'Summary'], { mapping: { Summary: 'description' } }), ['title', 'description'])
  })

  test('a title must be there', () => {
    assertRefused(() => any(['external_id', 'status']), /no column for title/, /mapping/)
    assertRefused(() => any(['']), /no column for title/)
    assertRefused(() => any(['title'], { mapping: { title: null } }), /no column for title/)
  })

  test('more than 200 columns are refused', () => {
    const header = ['title', ...Array.from({ length: 199 }, () => '')]
    assert.equal(any(header).length, 200)
    assertRefused(() => any([...header, '']), /201 columns/)
  })
})

describe('a mapping', () => {
  test('goes before known names, and takes a cell of any content', () => {
    const mapping = { 'What, in short?': 'title', title: 'description', status: null, '': 'labels' }
    assert.deepEqual(fields(['What, in short?', 'title', 'status', ''], { mapping }), [
      'title',
      'description',
      null,
      'labels',
    ])
  })

  test('names a column exactly, or as names are compared', () => {
    assert.deepEqual(
      fields(['MY NAME', 'Date', 'date'], { mapping: { my_name: 'title', Date: 'due_date', date: null } }),
      ['title', 'due_date', null],
    )
  })

  test('is refused when a column is not in the file or a field is unknown', () => {
    assertRefused(() => any(['title'], { mapping: { titel: 'title' } }), /not have: "titel"/, /The header has "title"/)
    assertRefused(() => any(['title', 'x'], { mapping: { x: 'colour' } }), /unknown fields: "colour"/)
    assertRefused(() => any(['title', 'x'], { mapping: { x: '__proto__' } }), /unknown fields: "__proto__"/)
    const mapping = JSON.parse('{"__proto__": null}')
    assert.deepEqual(fields(['title', '__proto__'], { mapping }), ['title', null])
    assertRefused(() => any(['title'], { mapping }), /not have: "__proto__"/)
    assertRefused(() => any(['title'], { mapping: { title: 'title', TITLE: 'title' } }), /not have: "TITLE"/)
  })

  test('makes its columns known', () => {
    const isKnown = knowsColumn({ 'My Name': 'title' })
    assert.deepEqual(['my_name', 'Due', 'version', 'x', ''].map(isKnown), [true, true, true, false, false])
  })
})

describe('a date format', () => {
  test('goes to all columns of dates, or to those it names', () => {
    const header = ['title', 'due', 'created']
    assert.deepEqual(formats(header), [null, null, null])
    assert.deepEqual(formats(header, { dateFormat: 'DMY' }), [null, 'DMY', 'DMY'])
    assert.deepEqual(formats(header, { dateFormat: { due_date: 'YMD' } }), [null, 'YMD', null])
    assert.deepEqual(formats(['title'], { dateFormat: 'DMY' }), [null])
  })

  test('is refused for a column that is not there', () => {
    assertRefused(() => any(['title', 'created'], { dateFormat: { due_date: 'DMY' } }), /date_format names due_date/)
  })
})

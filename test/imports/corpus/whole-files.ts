import { allNew, type Case, type CellError, created, done, failed, partly, ready, titles } from './case.ts'
import { KNOWN, ONE, TWO } from './keys.ts'

/** What is done with a file as a whole. */

const bad = 'title,priority\nOne,LOW\nTwo,SOON\n'
const error: CellError = [3, 'priority', 'INVALID_PRIORITY']

export const WHOLE_FILES: Case[] = [
  {
    name: 'all or nothing, nothing wrong',
    file: 'title\nOne\n',
    query: { on_error: 'abort' },
    expect: allNew(titles('One')),
  },
  {
    name: 'all or nothing, a bad cell',
    file: bad,
    query: { on_error: 'abort' },
    expect: failed('ROWS_REJECTED', [2, 0, 0, 0, 1], { errors: [error], tasks: [] }),
  },
  {
    name: 'all or nothing, a row of the wrong shape',
    file: 'title\nOne\nTwo,x\n',
    query: { on_error: 'abort' },
    expect: failed('ROWS_REJECTED', [2, 0, 0, 0, 1], { errors: [[3, null, 'WRONG_CELL_COUNT']], tasks: [] }),
  },
  {
    name: 'all or nothing, an update beside a bad row',
    file: 'key,title\nA-1,Changed\nA-2,\n',
    query: { on_error: 'abort' },
    earlier: KNOWN,
    expect: failed('ROWS_REJECTED', [2, 0, 0, 0, 1], { errors: [[3, 'title', 'EMPTY_TITLE']], tasks: [ONE, TWO] }),
  },
  {
    name: 'a dry run counts and writes nothing',
    file: bad,
    query: { dry_run: 'true' },
    expect: ready([2, 1, 0, 0, 1], { errors: [error], tasks: [] }),
  },
  {
    name: 'a dry run of updates',
    file: 'key,title\nA-1,One\nA-2,Changed\nA-3,Three\nA-3,Three\n',
    query: { dry_run: 'true' },
    earlier: KNOWN,
    expect: ready([4, 1, 1, 1, 1], { errors: [[5, 'key', 'DUPLICATE_EXTERNAL_ID']], tasks: [ONE, TWO] }),
  },
  {
    name: 'a dry run of nothing',
    file: 'title\n',
    query: { dry_run: 'true' },
    expect: ready([0, 0, 0, 0, 0], { tasks: [] }),
  },
  {
    name: 'a dry run, all or nothing',
    file: bad,
    query: { dry_run: 'true', on_error: 'abort' },
    expect: failed('ROWS_REJECTED', [2, 0, 0, 0, 1], { errors: [error], tasks: [] }),
  },
  {
    name: 'a dry run of dates that can be read in two ways',
    file: 'title,due\nOne,1/2/2025\n',
    query: { dry_run: 'true' },
    expect: failed('AMBIGUOUS_DATES', [1, 0, 0, 0, 0], { tasks: [] }),
  },
  { name: 'the same once more', file: KNOWN, earlier: KNOWN, expect: { status: 409, code: 'DUPLICATE_FILE' } },
  {
    name: 'the same once more, as was asked',
    file: 'title\nOne\n',
    earlier: 'title\nOne\n',
    query: { again: 'true' },
    expect: done([1, 1, 0, 0, 0], { tasks: titles('One', 'One') }),
  },
  {
    name: 'the same with another line end is another one',
    file: 'title\r\nOne\r\n',
    earlier: 'title\nOne\n',
    expect: done([1, 1, 0, 0, 0], { tasks: titles('One', 'One') }),
  },
  {
    name: 'with a project that is not there',
    file: 'title\nOne\n',
    query: { project_id: '999999999' },
    expect: { status: 404, code: 'PROJECT_NOT_FOUND' },
  },
  {
    name: 'with an option that is not known',
    file: 'title\nOne\n',
    query: { colour: 'red' },
    expect: { status: 400, code: 'INVALID_REQUEST' },
  },
]

const header = 'task_name,description,status,priority,created_at,assigned_user\n'
const row = 'Data Backup,Backup database daily,TRUE,HIGH,3/31/2025,john_doe\n'
const backup = {
  title: 'Data Backup',
  description: 'Backup database daily',
  status: 'active',
  priority: 'HIGH',
  created_at: '2025-03-30T22:00:00Z',
  assigned_user: 'john_doe',
}
const original = (name: string, file: Case['file'], expect: Case['expect']): Case => ({
  name,
  file,
  expect,
  original: true,
})
const refused = (says: RegExp) => ({ status: 422, code: 'INVALID_CSV_HEADER', says })

export const ORIGINAL: Case[] = [
  original(
    'its file',
    header + row,
    allNew([backup], { columns: ['title', 'description', 'status', 'priority', 'created_at MDY', 'assigned_user'] }),
  ),
  original('its file, as Excel saves it', `\uFEFF${header}${row}`.replaceAll('\n', '\r\n'), allNew([backup])),
  original(
    'columns in another order and case',
    'PRIORITY,Task_Name, created_at \nLOW,One,1/2/2025\n',
    allNew([{ title: 'One', priority: 'LOW', created_at: '2025-01-01T23:00:00Z' }]),
  ),
  original(
    'task_name alone',
    'task_name\nOne\n',
    allNew([{ title: 'One', status: 'pending', priority: 'MEDIUM', assigned_user: null }]),
  ),
  original('nothing but a header', header, created(0)),
  original(
    'bad rows',
    `${header}${row},,,,,\nOne,,,,31/3/2025,\nTwo,,,,,nobody\nThree,,\n`,
    partly(
      [backup],
      [
        [3, 'task_name', 'EMPTY_TITLE'],
        [4, 'created_at', 'INVALID_DATE'],
        [5, 'assigned_user', 'UNKNOWN_USER'],
        [6, null, 'WRONG_CELL_COUNT'],
      ],
    ),
  ),
  original(
    'semicolons, told what is missing',
    (header + row).replaceAll(',', ';'),
    refused(/task_name, description, status, priority, created_at, assigned_user/),
  ),
  original('tabs, told what is missing', (header + row).replaceAll(',', '\t'), refused(/task_name/)),
  original('pipes, told what is missing', (header + row).replaceAll(',', '|'), refused(/task_name/)),
  original('a column that came later', 'task_name,external_id\nOne,A-1\n', refused(/"external_id"/)),
  original('a column that has no name', 'task_name,\nOne,\n', refused(/unknown/)),
  original('a name that others use', 'title\nOne\n', refused(/task_name/)),
  original('a column twice', 'task_name,status,status\nOne,TRUE,FALSE\n', refused(/twice.*"status"/)),
  original('a line sep=', `sep=,\n${header}${row}`, refused(/task_name/)),
  original('UTF-16', Buffer.from(`\uFEFF${header}${row}`, 'utf16le'), {
    status: 422,
    code: 'INVALID_CSV',
    reason: 'NOT_UTF8',
    byte: 0,
  }),
  original('nothing at all', '', { status: 422, code: 'INVALID_CSV', reason: 'EMPTY_FILE' }),
]

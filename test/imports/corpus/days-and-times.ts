import { allNew, type Case, type CellError, partly, titles } from './case.ts'

/** How dates are read; the server's time zone is Europe/Vienna. */

const due = (...cells: string[]) => `title,due_date\n${cells.map((cell, i) => `T${i + 1},${cell}\n`).join('')}`
const created = (...cells: string[]) => `title,created\n${cells.map((cell, i) => `T${i + 1},${cell}\n`).join('')}`
const dueOn = (...days: (string | null)[]) => allNew(days.map((due_date, i) => ({ title: `T${i + 1}`, due_date })))
const createdAt = (...times: string[]) => allNew(times.map((created_at, i) => ({ title: `T${i + 1}`, created_at })))
const noDate = (line: number, column = 'due_date'): CellError => [line, column, 'INVALID_DATE']
const noDates = (column: string, count: number) => Array.from({ length: count }, (_, i) => noDate(i + 2, column))

export const DAYS: Case[] = [
  {
    name: 'leap days',
    file: due('2024-02-29', '29.2.2024', '2000-02-29'),
    expect: dueOn('2024-02-29', '2024-02-29', '2000-02-29'),
  },
  {
    name: 'leap days that never were',
    file: due('2025-02-29', '29.2.2025', '1900-02-29'),
    expect: partly([], noDates('due_date', 3)),
  },
  {
    name: 'days that no month has',
    file: due('2025-04-31', '31.4.2025', '32.1.2025', '0.1.2025', '2025-01-00'),
    expect: partly([], noDates('due_date', 5)),
  },
  {
    name: 'months that no year has',
    file: due('2025-13-01', '2025-00-01', '13/13/2025', '13/45/2025'),
    expect: partly([], noDates('due_date', 4)),
  },
  {
    name: 'two digits for the year are not guessed',
    file: due('3/31/25', '31.03.25', '25-03-31'),
    expect: partly([], noDates('due_date', 3)),
  },
  {
    name: 'names of months are not read',
    file: due('"Mar 31, 2025"', '31 March 2025', '31/Mar/25', '2025-Mar-31'),
    expect: partly([], noDates('due_date', 4)),
  },
  {
    name: 'numbers of days, as of a spreadsheet, are not read',
    file: due('45747', '45747.5', '1743379200'),
    expect: partly([], noDates('due_date', 3)),
  },
  {
    name: 'words',
    file: due('today', 'now', 'infinity', 'epoch', 'tomorrow', 'n/a', '-'),
    expect: partly([], noDates('due_date', 7)),
  },
  {
    name: 'separators that differ',
    file: due('3/31-2025', '2025-03/31', '31..3.2025'),
    expect: partly([], noDates('due_date', 3)),
  },
  {
    name: 'blanks around, no-break ones too',
    file: due(' 2025-03-31 ', '\u00a02025-03-31\t'),
    expect: dueOn('2025-03-31', '2025-03-31'),
  },
  {
    name: 'the first and the last day',
    file: due('0001-01-01', '9999-12-31'),
    expect: dueOn('0001-01-01', '9999-12-31'),
  },
  {
    name: 'before the first and after the last',
    file: due('0000-12-31', '10000-01-01', '-0001-01-01'),
    expect: partly([], noDates('due_date', 3)),
  },
  {
    name: 'an instant whose day is before the first or after the last',
    file: due('0001-01-01T00:00:00+14:00', '9999-12-31T23:59:59-12:00', '9999-12-31T24:00', '9999-12-31T12:00:00Z'),
    expect: partly([{ title: 'T4', due_date: '9999-12-31' }], noDates('due_date', 3)),
  },
  {
    name: 'created before the first year',
    file: created('0001-01-01T00:00:00+14:00', '0001-01-01', '0001-01-02'),
    expect: partly([{ title: 'T3', created_at: '0001-01-01T22:54:39Z' }], noDates('created', 2)),
  },
  {
    name: 'digits of other scripts are no digits',
    file: due('٢٠٢٥-٠٣-٣١', '２０２５-０３-３１'),
    expect: partly([], noDates('due_date', 2)),
  },
  { name: 'due in the future', file: due('2999-12-31'), expect: dueOn('2999-12-31') },
  {
    name: 'due at an instant is the day it has in the zone',
    file: due('2025-06-30T22:30:00Z', '2025-06-30T21:30:00Z'),
    expect: dueOn('2025-07-01', '2025-06-30'),
  },
  {
    name: 'created in the future',
    file: created('2999-12-31', '31.12.2998', '2025-01-01'),
    expect: partly(
      [{ title: 'T3', created_at: '2024-12-31T23:00:00Z' }],
      [
        [2, 'created', 'DATE_IN_FUTURE'],
        [3, 'created', 'DATE_IN_FUTURE'],
      ],
    ),
  },
  {
    name: 'created long ago',
    file: created('1899-12-30', '1970-01-01'),
    expect: createdAt('1899-12-29T23:00:00Z', '1969-12-31T23:00:00Z'),
  },
  { name: 'created nothing: the time of the upload', file: created(''), expect: allNew(titles('T1')) },
]

export const TIMES: Case[] = [
  {
    name: 'UTC',
    file: created('2025-07-01T12:00:00Z', '2025-07-01 12:00:00Z'),
    expect: createdAt('2025-07-01T12:00:00Z', '2025-07-01T12:00:00Z'),
  },
  {
    name: 'offsets',
    file: created('2025-07-01T12:00:00+02:00', '2025-07-01T12:00:00-0930', '2025-07-01T12:00+05:30'),
    expect: createdAt('2025-07-01T10:00:00Z', '2025-07-01T21:30:00Z', '2025-07-01T06:30:00Z'),
  },
  {
    name: 'an offset in hours, as PostgreSQL and others write it',
    file: created('2025-07-01 12:00:00+02', '2025-07-01T12:00:00-05'),
    expect: createdAt('2025-07-01T10:00:00Z', '2025-07-01T17:00:00Z'),
  },
  {
    name: 'an offset that no zone has costs its row, not the file',
    file: created('2025-07-01T12:00:00+16:00', '2025-07-01T12:00:00-23:59', '2025-07-01T12:00:00+15:60', '2025-07-01'),
    expect: partly([{ title: 'T4', created_at: '2025-06-30T22:00:00Z' }], noDates('created', 3)),
  },
  {
    name: 'the same in the original profile',
    original: true,
    file: 'task_name,created_at\nT1,2025-07-01T12:00:00+99:00\nT2,7/1/2025\n',
    expect: partly([{ title: 'T2', created_at: '2025-06-30T22:00:00Z' }], [noDate(2, 'created_at')]),
  },
  {
    name: 'fractions of a second',
    file: created('2025-07-01T12:00:00.5Z', '2025-07-01T12:00:00.123456Z'),
    expect: createdAt('2025-07-01T12:00:00.500000Z', '2025-07-01T12:00:00.123456Z'),
  },
  {
    name: 'fractions too fine to be kept are not cut',
    file: created('2025-07-01T12:00:00.1234567Z'),
    expect: partly([], [noDate(2, 'created')]),
  },
  {
    name: 'without an offset: in the zone',
    file: created('2025-07-01T12:00', '2025-01-01 12:00:30'),
    expect: createdAt('2025-07-01T10:00:00Z', '2025-01-01T11:00:30Z'),
  },
  {
    name: 'a date is its first moment in the zone',
    file: created('2025-07-01', '2025-01-01', '2025-03-30'),
    expect: createdAt('2025-06-30T22:00:00Z', '2024-12-31T23:00:00Z', '2025-03-29T23:00:00Z'),
  },
  {
    name: 'an hour that the clocks left out is an hour later',
    file: created('2025-03-30T02:30', '30.3.2025 02:30'),
    expect: createdAt('2025-03-30T01:30:00Z', '2025-03-30T01:30:00Z'),
  },
  {
    name: 'an hour that came twice is the second one',
    file: created('2025-10-26T02:30'),
    expect: createdAt('2025-10-26T01:30:00Z'),
  },
  {
    name: 'German',
    file: created('31.12.2024 13:45', '31.12.2024 13:45:30', '"31.12.2024, 13:45"'),
    expect: createdAt('2024-12-31T12:45:00Z', '2024-12-31T12:45:30Z', '2024-12-31T12:45:00Z'),
  },
  {
    name: 'American',
    file: created('12/31/2024 1:45 PM', '12/31/2024 12:00 AM', '12/31/2024 12:00pm', '12/31/2024 1:45:30 am'),
    expect: createdAt('2024-12-31T12:45:00Z', '2024-12-30T23:00:00Z', '2024-12-31T11:00:00Z', '2024-12-31T00:45:30Z'),
  },
  {
    name: 'that no day has',
    file: created(
      '31.12.2024 25:00',
      '31.12.2024 12:60',
      '31.12.2024 13:00 PM',
      '2024-12-31T25:00Z',
      '2024-12-31T12:61',
    ),
    expect: partly([], noDates('created', 5)),
  },
  {
    name: 'names of zones are not read',
    file: created('2025-07-01 12:00:00 UTC', '2025-07-01T12:00:00 Europe/Vienna', '2025-07-01T12:00:00[CET]'),
    expect: partly([], noDates('created', 3)),
  },
  {
    name: 'as JavaScript and mail write them are not read',
    file: created('Tue Jul 01 2025 12:00:00 GMT+0000', '"Tue, 01 Jul 2025 12:00:00 +0000"'),
    expect: partly([], noDates('created', 2)),
  },
]

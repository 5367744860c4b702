import { allNew, badHeader, badParameter, type Case, type CellError, failed, partly } from './case.ts'

/** How dates are read, and in which order their parts come; the server's time zone is Europe/Vienna. */

const due = (...cells: string[]) => `title,due_date\n${cells.map((cell, i) => `T${i + 1},${cell}\n`).join('')}`
const dueOn = (...days: (string | null)[]) => allNew(days.map((due_date, i) => ({ title: `T${i + 1}`, due_date })))
const createdAt = (...times: string[]) => allNew(times.map((created_at, i) => ({ title: `T${i + 1}`, created_at })))
const ambiguous = (rows: number) => failed('AMBIGUOUS_DATES', [rows, 0, 0, 0, 0], { tasks: [] })
const noDate = (line: number, column = 'due_date'): CellError => [line, column, 'INVALID_DATE']

export const ORDERS: Case[] = [
  { name: 'ISO', file: due('2025-03-31', '2025-04-01'), expect: dueOn('2025-03-31', '2025-04-01') },
  {
    name: 'one that can only begin with the day tells it for all',
    file: due('1/2/2025', '31/3/2025'),
    expect: dueOn('2025-02-01', '2025-03-31'),
  },
  {
    name: 'one that can only begin with the month tells it for all',
    file: due('1/2/2025', '3/31/2025'),
    expect: dueOn('2025-01-02', '2025-03-31'),
  },
  { name: 'German', file: due('1.2.2025', '31.03.2025'), expect: dueOn('2025-02-01', '2025-03-31') },
  { name: 'Dutch', file: due('01-02-2025', '31-03-2025'), expect: dueOn('2025-02-01', '2025-03-31') },
  {
    name: 'the year in front leaves no doubt',
    file: due('2025/3/31', '2025.04.01', '2025-5-2'),
    expect: dueOn('2025-03-31', '2025-04-01', '2025-05-02'),
  },
  { name: 'none tells, so nothing is imported', file: due('1/2/2025', '3/4/2025'), expect: ambiguous(2) },
  { name: 'none tells, with periods', file: due('1.2.2025'), expect: ambiguous(1) },
  {
    name: 'they contradict each other, so nothing is imported',
    file: due('31/3/2025', '3/31/2025'),
    expect: ambiguous(2),
  },
  { name: 'ISO beside them tells nothing', file: due('2025-03-31', '1/2/2025'), expect: ambiguous(2) },
  {
    name: 'both orders mean the same day',
    file: due('3/3/2025', '12.12.2025'),
    expect: dueOn('2025-03-03', '2025-12-12'),
  },
  { name: 'an impossible one tells nothing', file: due('45/13/2025', '1/2/2025'), expect: ambiguous(2) },
  {
    name: 'a rejected row tells all the same',
    file: 'title,due_date\n,31/3/2025\nT,1/2/2025\n',
    expect: partly([{ title: 'T', due_date: '2025-02-01' }], [[2, 'title', 'EMPTY_TITLE']]),
  },
  { name: 'an empty column asks nothing', file: due('', '', ''), expect: dueOn(null, null, null) },
  {
    name: 'each column by itself',
    file: 'title,due,created\nT1,31/3/2025,3/31/2025\nT2,1/2/2025,1/2/2025\n',
    expect: allNew(
      [
        { title: 'T1', due_date: '2025-03-31', created_at: '2025-03-30T22:00:00Z' },
        { title: 'T2', due_date: '2025-02-01', created_at: '2025-01-01T23:00:00Z' },
      ],
      { columns: ['title', 'due_date DMY', 'created_at MDY'] },
    ),
  },
  {
    name: 'one column does not tell for another',
    file: 'title,due,created\nT1,31/3/2025,1/2/2025\n',
    expect: ambiguous(1),
  },
  {
    name: 'in the original columns the month is first',
    file: 'task_name,created_at\nT1,1/2/2025\n',
    expect: createdAt('2025-01-01T23:00:00Z'),
  },
  {
    name: 'in the original columns the day is never first',
    file: 'task_name,created_at\nT1,31/3/2025\nT2,1/2/2025\n',
    expect: partly([{ title: 'T2', created_at: '2025-01-01T23:00:00Z' }], [noDate(2, 'created_at')]),
  },
  { name: 'told: the day', file: due('1/2/2025'), query: { date_format: 'DMY' }, expect: dueOn('2025-02-01') },
  { name: 'told: the month', file: due('1/2/2025'), query: { date_format: 'MDY' }, expect: dueOn('2025-01-02') },
  {
    name: 'told: the year',
    file: due('2025/1/2', '1/2/2025'),
    query: { date_format: 'YMD' },
    expect: partly([{ title: 'T1', due_date: '2025-01-02' }], [noDate(3)]),
  },
  {
    name: 'told, and a date that does not fit is rejected',
    file: due('1/2/2025', '3/31/2025'),
    query: { date_format: 'DMY' },
    expect: partly([{ title: 'T1', due_date: '2025-02-01' }], [noDate(3)]),
  },
  {
    name: 'told: ISO is read all the same',
    file: due('2025-01-02'),
    query: { date_format: 'DMY' },
    expect: dueOn('2025-01-02'),
  },
  {
    name: 'told for each field',
    file: 'title,due,created\nT1,1/2/2025,1/2/2025\n',
    query: { date_format: 'created_at:MDY,due_date:DMY' },
    expect: allNew([{ title: 'T1', due_date: '2025-02-01', created_at: '2025-01-01T23:00:00Z' }]),
  },
  {
    name: 'told for one field, found for the other',
    file: 'title,due,created\nT1,1/2/2025,31/1/2025\n',
    query: { date_format: 'due_date:MDY' },
    expect: allNew([{ title: 'T1', due_date: '2025-01-02', created_at: '2025-01-30T23:00:00Z' }]),
  },
  {
    name: 'told for a field that is not there',
    file: 'title\nT1\n',
    query: { date_format: 'due_date:DMY' },
    expect: badHeader(/due_date/),
  },
  {
    name: 'told in an order that is none',
    file: due('1/2/2025'),
    query: { date_format: 'YDM' },
    expect: badParameter(/date_format/),
  },
  {
    name: 'told for a field that has no dates',
    file: due('2025-01-02'),
    query: { date_format: 'title:DMY' },
    expect: badParameter(/date_format/),
  },
  {
    name: 'told twice',
    file: due('1/2/2025'),
    query: { date_format: 'due_date:DMY,due_date:MDY' },
    expect: badParameter(/date_format/),
  },
  {
    name: 'told in three parts',
    file: due('1/2/2025'),
    query: { date_format: 'due_date:DMY:MDY' },
    expect: badParameter(/date_format/),
  },
]

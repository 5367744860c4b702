import { allNew, type Case, done, map, partly, titles } from './case.ts'

/** Files with keys, and what is done with a file as a whole. */

const full = 'key,title,description,status,priority,labels,due_date,assignee\n'
/** A file with two tasks, and these. */
export const KNOWN = `${full}A-1,One,a,active,HIGH,"x,y",2025-03-31,john_doe\nA-2,Two,b,,,,,\n`
export const ONE = {
  external_id: 'A-1',
  title: 'One',
  description: 'a',
  status: 'active',
  priority: 'HIGH',
  labels: ['x', 'y'],
  due_date: '2025-03-31',
  assigned_user: 'john_doe',
}
export const TWO = {
  external_id: 'A-2',
  title: 'Two',
  description: 'b',
  status: 'pending',
  priority: 'MEDIUM',
  labels: [],
  due_date: null,
  assigned_user: null,
}

export const KEYS: Case[] = [
  { name: 'a new one makes a task', file: KNOWN, expect: allNew([ONE, TWO]) },
  {
    name: 'a known one changes its task',
    file: 'key,title\nA-1,Changed\n',
    earlier: KNOWN,
    expect: done([1, 0, 1, 0, 0], { tasks: [{ ...ONE, title: 'Changed' }, TWO] }),
  },
  {
    name: 'nothing different is unchanged',
    file: `${KNOWN}\n`,
    earlier: KNOWN,
    expect: done([2, 0, 0, 2, 0], { tasks: [ONE, TWO] }),
  },
  {
    name: 'words and dates written otherwise are nothing different',
    file: 'key,title,status,priority,labels,due_date,assignee\nA-1,One,TRUE,high,"y, x,x",31.3.2025,JOHN_DOE\n',
    earlier: KNOWN,
    expect: done([1, 0, 0, 1, 0], { tasks: [ONE, TWO] }),
  },
  {
    name: 'new, changed and unchanged in one file',
    file: 'key,title\nA-1,One\nA-2,Changed\nA-3,Three\n',
    earlier: KNOWN,
    expect: done([3, 1, 1, 1, 0], {
      tasks: [ONE, { ...TWO, title: 'Changed' }, { external_id: 'A-3', title: 'Three' }],
    }),
  },
  {
    name: 'empty cells empty what can be empty',
    file: `${full}A-1,One,,,,,,\n`,
    earlier: KNOWN,
    expect: done([1, 0, 1, 0, 0], {
      tasks: [{ ...ONE, description: '', labels: [], due_date: null, assigned_user: null }, TWO],
    }),
  },
  {
    name: 'columns that are not there change nothing',
    file: 'title,key,priority\nOne,A-1,LOW\n',
    earlier: KNOWN,
    expect: done([1, 0, 1, 0, 0], { tasks: [{ ...ONE, priority: 'LOW' }, TWO] }),
  },
  {
    name: 'created_at of a task that is there stays',
    file: 'key,title,created_at\nA-1,One,2020-01-01\n',
    earlier: 'key,title,created_at\nA-1,One,2025-01-01\n',
    expect: done([1, 0, 0, 1, 0], { tasks: [{ title: 'One', created_at: '2024-12-31T23:00:00Z' }] }),
  },
  {
    name: 'a rejected row changes nothing',
    file: 'key,title,priority\nA-1,Changed,SOON\n',
    earlier: KNOWN,
    expect: done([1, 0, 0, 0, 1], { errors: [[2, 'priority', 'INVALID_PRIORITY']], tasks: [ONE, TWO] }),
  },
  {
    name: 'none is a new task each time',
    file: 'key,title\n,One\n,One\n',
    earlier: 'key,title\n,One\n',
    expect: done([2, 2, 0, 0, 0], { tasks: titles('One', 'One', 'One') }),
  },
  {
    name: 'of blanks is none',
    file: 'key,title\n  ,One\n\t,Two\n\u00a0,Three\n',
    expect: allNew([
      { title: 'One', external_id: null },
      { title: 'Two', external_id: null },
      { title: 'Three', external_id: null },
    ]),
  },
  {
    name: 'is compared to the letter',
    file: 'key,title\na-1,One\nA-1,Two\n A-1,Three\nＡ-1,Four\nA-01,Five\n',
    expect: allNew([
      { title: 'One', external_id: 'a-1' },
      { title: 'Two', external_id: 'A-1' },
      { title: 'Three', external_id: ' A-1' },
      { title: 'Four', external_id: 'Ａ-1' },
      { title: 'Five', external_id: 'A-01' },
    ]),
  },
  {
    name: 'composed and decomposed are two',
    file: 'key,title\nZ\u00fc,One\nZu\u0308,Two\n',
    expect: allNew([
      { title: 'One', external_id: 'Z\u00fc' },
      { title: 'Two', external_id: 'Zu\u0308' },
    ]),
  },
  {
    name: 'twice: the first counts',
    file: 'key,title\nA-1,One\nA-2,Two\nA-1,Three\n',
    expect: partly(titles('One', 'Two'), [[4, 'key', 'DUPLICATE_EXTERNAL_ID']]),
  },
  {
    name: 'three times',
    file: 'key,title\nA-1,One\nA-1,Two\nA-1,Three\n',
    expect: partly(titles('One'), [
      [3, 'key', 'DUPLICATE_EXTERNAL_ID'],
      [4, 'key', 'DUPLICATE_EXTERNAL_ID'],
    ]),
  },
  {
    name: 'twice, the first row being rejected',
    file: 'key,title\nA-1,\nA-1,Two\n',
    expect: partly(
      [],
      [
        [2, 'title', 'EMPTY_TITLE'],
        [3, 'key', 'DUPLICATE_EXTERNAL_ID'],
      ],
    ),
  },
  {
    name: 'twice, of a task that is there',
    file: 'key,title\nA-1,Changed\nA-1,Again\n',
    earlier: KNOWN,
    expect: done([2, 0, 1, 0, 1], {
      errors: [[3, 'key', 'DUPLICATE_EXTERNAL_ID']],
      tasks: [{ ...ONE, title: 'Changed' }, TWO],
    }),
  },
  {
    name: 'of 200 and of 201 characters',
    file: `key,title\n${'k'.repeat(200)},One\n${'k'.repeat(201)},Two\n`,
    expect: partly(titles('One'), [[3, 'key', 'EXTERNAL_ID_TOO_LONG']]),
  },
  {
    name: 'of a task in the trash makes a new one',
    file: 'key,title\nA-1,New\n',
    earlier: KNOWN,
    trashed: ['A-1'],
    expect: done([1, 1, 0, 0, 0], { tasks: [{ title: 'New', external_id: 'A-1', description: '' }, TWO] }),
  },
  {
    name: 'a formula, a backslash, an emoji',
    file: 'key,title\n=1+1,One\n\\N,Two\n🧱,Three\n',
    expect: allNew([
      { title: 'One', external_id: '=1+1' },
      { title: 'Two', external_id: '\\N' },
      { title: 'Three', external_id: '🧱' },
    ]),
  },
  {
    name: 'a known one in a file with other keys for the rest',
    file: 'Nr;Titel\nA-2;Zwei\n9;Neun\n',
    query: map({ Nr: 'external_id', Titel: 'title' }),
    earlier: KNOWN,
    expect: done([2, 1, 1, 0, 0], { tasks: [ONE, { ...TWO, title: 'Zwei' }, { title: 'Neun', external_id: '9' }] }),
  },
]

import { allNew, type Case, type CellError, partly, titles } from './case.ts'

/** What may stand in a cell. */

const title = (...cells: string[]) => `title\n${cells.map((cell) => `"${cell.replaceAll('"', '""')}"\n`).join('')}`
const verbatim = (name: string, ...cells: string[]): Case => ({
  name,
  file: title(...cells),
  expect: allNew(titles(...cells)),
})
const column = (header: string, ...cells: string[]) =>
  `title,${header}\n${cells.map((cell, i) => `T${i + 1},${cell}\n`).join('')}`
const all = <Value>(field: string, ...values: Value[]) =>
  allNew(values.map((value, i) => ({ title: `T${i + 1}`, [field]: value })))
const none = (header: string, count: number, code: string) =>
  partly(
    [],
    Array.from({ length: count }, (_, i) => [i + 2, header, code] as CellError),
  )
const EMOJI = '🧱'

export const TEXTS: Case[] = [
  verbatim(
    'formulas',
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '=HYPERLINK("http://x","y")',
    "=cmd|'/C calc'!A0",
  ),
  verbatim(
    'what COPY and others give a meaning to',
    '\\.',
    '\\N',
    '\\',
    '\\n',
    '\\x41',
    'NULL',
    'null',
    'NaN',
    'N/A',
    'undefined',
    'NA',
  ),
  {
    name: 'a bare \\. on a line of its own ends nothing',
    file: 'title\nOne\n\\.\nTwo\n',
    expect: allNew(titles('One', '\\.', 'Two')),
  },
  {
    name: 'a bare \\. in a cell of several lines ends nothing',
    file: 'title\n"One\n\\.\nmore"\nTwo\n',
    expect: allNew(titles('One\n\\.\nmore', 'Two')),
  },
  {
    name: 'a bare \\N is no null',
    file: 'title,description\nOne,\\N\n',
    expect: allNew([{ title: 'One', description: '\\N' }]),
  },
  verbatim('numbers are text', '007', '1e5', '12345678901234567890', '0x1F', '1,234.50', '-0', '1/2', 'TRUE'),
  verbatim(
    'code',
    "'; drop table tasks; --",
    '<img src=x onerror=alert(1)>',
    '{{7*7}}',
    '#{7*7}',
    '$(id)',
    '%00',
    '../../etc/passwd',
    '{"a": 1}',
    '[]',
  ),
  verbatim(
    'combining characters stay as they are, composed and decomposed',
    'Zu\u0308rich',
    'Z\u00fcrich',
    'e\u0301\u0302\u0303',
    '\u0301',
  ),
  verbatim('right to left, with marks', 'שלום, עולם', 'مهمة \u202eabc\u202c', '\u200f1\u200e', '\u061c؟'),
  verbatim('emoji of many code points', '👩‍👩‍👧‍👦', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '👍🏽', '1️⃣', '🇦🇹'),
  verbatim('other planes', '𝒳𐍈', '𠮷野家', '\u{10ffff}', '\u{1f9f1}\u{e0001}'),
  verbatim('characters that are none', '\ufffd', '\uffff', '\ufdd0', '\ufeffx\ufeff', '\u200b'),
  verbatim('surrogates written out are six letters', '\\ud800', '\\uD83E\\uDDF1', '&#xD800;'),
  verbatim('likenesses of delimiters', '，', '；', '＂quoted＂', '\u2028x', 'a\u00a0b'),
  verbatim('blanks at both ends are kept', ' One', 'Two ', '\u00a0Three\u00a0', '\tFour\t'),
  { name: 'none: no title', file: 'title,description\n,a\n"",b\n   ,c\n', expect: none('title', 3, 'EMPTY_TITLE') },
  {
    name: 'of blanks only: no title',
    file: title(' ', '\t', '\n', ' \r\n ', '\u00a0'),
    expect: partly(
      [],
      [2, 3, 4, 6, 8].map((line) => [line, 'title', 'EMPTY_TITLE']),
    ),
  },
  {
    name: 'of blanks of any script only: no title',
    file: title('\u3000', '\u2003', '\u2028', '\ufeff'),
    expect: none('title', 4, 'EMPTY_TITLE'),
  },
  {
    name: 'a title of 200 and of 201 characters',
    file: title(EMOJI.repeat(200), EMOJI.repeat(201)),
    expect: partly(titles(EMOJI.repeat(200)), [[3, 'title', 'TITLE_TOO_LONG']]),
  },
  {
    name: 'a title is counted in characters, not in letters as people see them',
    file: title('e\u0301'.repeat(100), 'e\u0301'.repeat(101)),
    expect: partly(titles('e\u0301'.repeat(100)), [[3, 'title', 'TITLE_TOO_LONG']]),
  },
  {
    name: 'a description of 20,000 and of 20,001 characters',
    file: column('description', EMOJI.repeat(20_000), EMOJI.repeat(20_001)),
    expect: partly([{ title: 'T1', description: EMOJI.repeat(20_000) }], [[3, 'description', 'DESCRIPTION_TOO_LONG']]),
  },
  {
    name: 'a description of blanks is kept',
    file: column('description', '"  "', '" \n "'),
    expect: all('description', '  ', ' \n '),
  },
]

export const WORDS: Case[] = [
  {
    name: 'status: TRUE and FALSE',
    file: column('status', 'TRUE', 'FALSE', 'true', 'False'),
    expect: all('status', 'active', 'inactive', 'active', 'inactive'),
  },
  {
    name: 'status: the five, in any case',
    file: column('status', 'pending', 'ACTIVE', 'Inactive', 'completed', 'Cancelled'),
    expect: all('status', 'pending', 'active', 'inactive', 'completed', 'cancelled'),
  },
  {
    name: 'status: blanks around',
    file: column('status', ' active ', '\u00a0TRUE\t'),
    expect: all('status', 'active', 'active'),
  },
  {
    name: 'status: empty',
    file: column('status', '', '""', '  '),
    expect: all('status', 'pending', 'pending', 'pending'),
  },
  {
    name: 'status: other words',
    file: column('status', 'Done', 'In Progress', 'canceled', 'WAHR', '1', '0', 'yes', 't'),
    expect: none('status', 8, 'INVALID_STATUS'),
  },
  {
    name: 'status: letters that only look like it',
    file: column('status', 'ａctive', 'аctive', 'act\u200bive'),
    expect: none('status', 3, 'INVALID_STATUS'),
  },
  {
    name: 'priority: the four, in any case',
    file: column('priority', 'LOW', 'medium', 'High', ' CRITICAL '),
    expect: all('priority', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'),
  },
  { name: 'priority: empty', file: column('priority', '', ' '), expect: all('priority', 'MEDIUM', 'MEDIUM') },
  {
    name: 'priority: other words',
    file: column('priority', 'URGENT', 'P1', '1', 'Highest', 'normal', '!!'),
    expect: none('priority', 6, 'INVALID_PRIORITY'),
  },
  {
    name: 'user: by name, in any case',
    file: column('assignee', 'john_doe', 'JOHN_DOE', ' John_Doe '),
    expect: all('assigned_user', 'john_doe', 'john_doe', 'john_doe'),
  },
  {
    name: 'user: empty is nobody',
    file: column('assignee', '', '""', '  '),
    expect: all('assigned_user', null, null, null),
  },
  {
    name: 'user: an administrator need not be a member',
    file: column('assignee', 'admin'),
    expect: all('assigned_user', 'admin'),
  },
  {
    name: 'user: who is not there',
    file: column('assignee', 'nobody', 'john', 'john_doe2', 'john_doe@example.org', '"john_doe,emma_watson"'),
    expect: none('assignee', 5, 'UNKNOWN_USER'),
  },
  { name: 'user: a disabled one', file: column('assignee', 'gone_user'), expect: none('assignee', 1, 'DISABLED_USER') },
  {
    name: 'user: who is not in the project',
    file: column('assignee', 'stranger'),
    expect: none('assignee', 1, 'NOT_A_MEMBER'),
  },
  {
    name: 'user: characters a pattern would mean something by',
    file: column('assignee', 'john%', 'john_do_', '%', "' or 1=1 --"),
    expect: none('assignee', 4, 'UNKNOWN_USER'),
  },
  {
    name: 'all that can be wrong with a row is told at once',
    file: 'title,status,priority,due_date,assignee,labels,key\n,Done,P1,never,nobody,'.concat(
      'x'.repeat(51),
      ',',
      'k'.repeat(201),
      '\n',
    ),
    expect: partly(
      [],
      [
        [2, 'assignee', 'UNKNOWN_USER'],
        [2, 'due_date', 'INVALID_DATE'],
        [2, 'key', 'EXTERNAL_ID_TOO_LONG'],
        [2, 'labels', 'INVALID_LABELS'],
        [2, 'priority', 'INVALID_PRIORITY'],
        [2, 'status', 'INVALID_STATUS'],
        [2, 'title', 'EMPTY_TITLE'],
      ],
    ),
  },
]

const labels = (count: number) => Array.from({ length: count }, (_, i) => `l${String(i).padStart(2, '0')}`)
const cell = (...names: string[]) => `"${names.join(',')}"`

export const LABELS: Case[] = [
  {
    name: 'one and several',
    file: column('labels', 'red', '"red,green"', ''),
    expect: all('labels', ['red'], ['green', 'red'], []),
  },
  {
    name: 'blanks around, empty ones',
    file: column('labels', '" red , ,, green ,"', '","'),
    expect: all('labels', ['green', 'red'], []),
  },
  {
    name: 'blanks of any script around',
    file: column('labels', '"\u3000red\u3000,\u2003,\u00a0green"'),
    expect: all('labels', ['green', 'red']),
  },
  {
    name: 'doubles collapse, of other case stay',
    file: column('labels', '"red,red,Red"'),
    expect: all('labels', ['Red', 'red']),
  },
  {
    name: 'semicolons, line ends and quotes are part of them',
    file: column('labels', '"a;b,c\nd,say ""x"""'),
    expect: all('labels', ['a;b', 'c\nd', 'say "x"']),
  },
  {
    name: '20 and 21',
    file: column('labels', cell(...labels(20)), cell(...labels(21))),
    expect: partly([{ title: 'T1', labels: labels(20) }], [[3, 'labels', 'INVALID_LABELS']]),
  },
  {
    name: '21 of which two are the same',
    file: column('labels', cell(...labels(20), 'l00')),
    expect: all('labels', labels(20)),
  },
  {
    name: 'of 50 and of 51 characters',
    file: column('labels', EMOJI.repeat(50), EMOJI.repeat(51)),
    expect: partly([{ title: 'T1', labels: [EMOJI.repeat(50)] }], [[3, 'labels', 'INVALID_LABELS']]),
  },
  {
    name: 'formulas, numbers, backslashes, braces',
    file: column('labels', '"=1,+1,007,\\,{a},NULL"'),
    expect: all('labels', ['+1', '007', '=1', 'NULL', '\\', '{a}']),
  },
]

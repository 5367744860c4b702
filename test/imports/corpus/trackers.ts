import { allNew, badHeader, type Case, done, failed, map, onDisk, partly } from './case.ts'

/** Files in the forms that programs write, made by hand after them and kept byte for byte in files/. */

const none = (...names: string[]) => Object.fromEntries(names.map((name) => [name, null]))
const JIRA = {
  ...none(
    'Issue id',
    'Issue Type',
    'Status',
    'Project key',
    'Project name',
    'Resolution',
    'Assignee Id',
    'Reporter',
    'Updated',
    'Labels',
  ),
  'Issue key': 'external_id',
}
const JIRA_TASKS = [
  {
    title: 'Login fails with ü in the name',
    external_id: 'APP-12',
    priority: 'HIGH',
    assigned_user: 'john_doe',
    description: 'h3. Steps\n\n# open\n# type "ü"\n{code}\nboom, "x"\n{code}',
  },
  { title: 'Rename the menu', external_id: 'APP-13', priority: 'MEDIUM', assigned_user: null, description: '' },
]
const TRELLO = none(
  'Card ID',
  'Card URL',
  'Labels',
  'Members',
  'Attachment Count',
  'Attachment Links',
  'Checklist Item Total Count',
  'Checklist Item Completed Count',
  'Vote Count',
  'Comment Count',
  'Last Activity Date',
  'List ID',
  'List Name',
  'Board ID',
  'Board Name',
  'Archived',
  'Start Date',
  'Due Complete',
)
const ASANA = {
  'Task ID': 'external_id',
  ...none(
    'Completed At',
    'Last Modified',
    'Section/Column',
    'Assignee Email',
    'Start Date',
    'Projects',
    'Parent task',
    'Blocked By (Dependencies)',
    'Blocking (Dependencies)',
  ),
}
const TODOIST = {
  CONTENT: 'title',
  ...none(
    'TYPE',
    'PRIORITY',
    'INDENT',
    'AUTHOR',
    'RESPONSIBLE',
    'DATE',
    'DATE_LANG',
    'TIMEZONE',
    'DURATION',
    'DURATION_UNIT',
  ),
}
const LINEAR = {
  ID: 'external_id',
  ...none('Team', 'Status', 'Estimate', 'Priority', 'Project ID', 'Project', 'Creator', 'Assignee', 'Created'),
}
const OUTLOOK = none('Start Date', 'Reminder On/Off', 'Date Completed', '% Complete', 'Priority', 'Status')

export const TRACKERS: Case[] = [
  { name: 'Jira, without a mapping', file: onDisk('jira.csv'), expect: badHeader(/unknown.*"Issue id"/) },
  { name: 'Jira', file: onDisk('jira.csv'), query: map({ ...JIRA, Created: null }), expect: allNew(JIRA_TASKS) },
  {
    name: 'Jira, with its dates',
    file: onDisk('jira.csv'),
    query: map(JIRA),
    expect: partly(
      [],
      [
        [2, 'Created', 'INVALID_DATE'],
        [9, 'Created', 'INVALID_DATE'],
      ],
    ),
  },
  {
    name: 'Jira, exported a second time',
    file: Buffer.concat([onDisk('jira.csv'), Buffer.from('\n')]),
    earlier: 'key,title,priority,description,assignee\nAPP-13,Rename the menu,LOW,,\n',
    query: map({ ...JIRA, Created: null }),
    expect: done([2, 1, 1, 0, 0], { tasks: JIRA_TASKS }),
  },
  {
    name: 'Trello',
    file: onDisk('trello.csv'),
    query: map({ ...TRELLO, 'Card Name': 'title', 'Card Description': 'description' }),
    expect: allNew([
      { title: 'Order the rack', description: 'Two units,\r\n19 inch', due_date: '2025-03-31' },
      { title: 'Ask for a quote', description: '', due_date: null },
    ]),
  },
  {
    name: 'Asana',
    file: onDisk('asana.csv'),
    query: map(ASANA),
    expect: allNew([
      {
        title: 'Draft the press release',
        external_id: '1209800000000001',
        created_at: '2025-02-28T23:00:00Z',
        due_date: '2025-03-31',
        assigned_user: 'john_doe',
        labels: ['launch', 'press'],
        description: 'Check with legal.\nThey answer on Fridays.',
      },
      { title: 'Book the room', external_id: '1209800000000002', labels: [] },
    ]),
  },
  {
    name: 'Todoist, its blank rows rejected',
    file: onDisk('todoist.csv'),
    query: map(TODOIST),
    expect: partly(
      [
        { title: 'view_style=list' },
        { title: 'Buy stamps @errand', description: 'ten of them' },
        { title: 'Later' },
        { title: 'Write "the" letter' },
      ],
      [[4, 'CONTENT', 'EMPTY_TITLE']],
    ),
  },
  {
    name: 'GitHub Projects, tabs: quotes are letters there, and stray here',
    file: onDisk('github-projects.tsv'),
    query: map({ Assignees: 'assigned_user', ...none('URL', 'Status') }),
    expect: partly([{ title: 'Add a dark theme', labels: ['enhancement', 'ui'] }], [[2, null, 'STRAY_QUOTE']]),
  },
  {
    name: 'GitHub issues',
    file: onDisk('github-issues.csv'),
    query: map({ number: 'external_id', state: null }),
    expect: allNew([
      {
        title: 'Crash on start',
        description: 'Steps:\r\n\r\n1. start\r\n2. see "Segfault"\r\n',
        external_id: '1',
        labels: ['bug', 'p1'],
        created_at: '2025-03-01T10:00:00Z',
        assigned_user: 'john_doe',
      },
      { title: 'Docs: a, b and c', external_id: '2', created_at: '2025-03-02T11:00:00Z' },
    ]),
  },
  {
    name: 'Notion',
    file: onDisk('notion.csv'),
    query: map({ Assign: 'assigned_user', Status: null, Due: null }),
    expect: allNew([
      { title: 'Plan the offsite', assigned_user: 'john_doe', labels: ['team', 'travel'] },
      { title: 'Write the minutes' },
    ]),
  },
  {
    name: 'Notion, with its dates and words',
    file: onDisk('notion.csv'),
    query: map({ Assign: 'assigned_user' }),
    expect: partly(
      [],
      [
        [2, 'Due', 'INVALID_DATE'],
        [2, 'Status', 'INVALID_STATUS'],
        [3, 'Status', 'INVALID_STATUS'],
      ],
    ),
  },
  {
    name: 'Airtable, its times told to be American',
    file: onDisk('airtable.csv'),
    query: { date_format: 'MDY' },
    expect: allNew([
      {
        title: 'Fix the door',
        description: 'Hinge is loose\n',
        created_at: '2025-03-01T13:05:00Z',
        due_date: '2025-03-31',
        labels: ['home', 'urgent'],
      },
      { title: 'Oil the lock', created_at: '2025-03-02T08:00:00Z' },
    ]),
  },
  {
    name: 'Airtable, its times not told',
    file: onDisk('airtable.csv'),
    expect: failed('AMBIGUOUS_DATES', [2, 0, 0, 0, 0], { tasks: [] }),
  },
  {
    name: 'Linear',
    file: onDisk('linear.csv'),
    query: map(LINEAR),
    expect: allNew([
      {
        title: 'Cache the list',
        external_id: 'ENG-1',
        description: 'Use `lru`, not "none"',
        labels: ['API', 'Performance'],
      },
      { title: 'Drop the flag', external_id: 'ENG-2' },
    ]),
  },
  {
    name: 'Outlook',
    file: onDisk('outlook-tasks.csv'),
    query: { encoding: 'windows-1252', ...map({ ...OUTLOOK, Owner: null }) },
    expect: allNew([
      { title: 'Übergabe vorbereiten', description: 'Größe prüfen', due_date: '2025-03-31' },
      { title: 'Send invoice', due_date: '2025-04-01' },
    ]),
  },
  {
    name: 'Redmine',
    file: onDisk('redmine.csv'),
    query: {
      encoding: 'iso-8859-1',
      ...map({ '#': 'external_id', ...none('Project', 'Tracker', 'Status', 'Priority', 'Updated') }),
    },
    expect: allNew([
      { title: 'Drucker druckt nicht, blinkt', external_id: '412', due_date: '2025-03-31', assigned_user: 'john_doe' },
      { title: 'Schlüssel fehlt', external_id: '413', due_date: '2025-04-02' },
    ]),
  },
]

import { allNew, badHeader, badParameter, type Case, done, map, partly, titles, unreadable } from './case.ts'

/** Which cell goes to which field. */

const two = allNew([
  { title: 'One', priority: 'HIGH' },
  { title: 'Two', priority: 'LOW' },
])

export const DELIMITERS: Case[] = [
  { name: 'semicolons', file: 'title;priority\nOne;HIGH\nTwo;LOW\n', expect: two },
  { name: 'tabs', file: 'title\tpriority\nOne\tHIGH\nTwo\tLOW\n', expect: two },
  { name: 'pipes', file: 'title|priority\nOne|HIGH\nTwo|LOW\n', expect: two },
  {
    name: 'a comma told, semicolons there',
    file: 'title;priority\nOne;HIGH\n',
    query: { delimiter: 'comma' },
    expect: badHeader(/"title;priority"/),
  },
  {
    name: 'semicolons told',
    file: 'title;priority\nOne, or two;HIGH\n',
    query: { delimiter: 'semicolon' },
    expect: allNew([{ title: 'One, or two', priority: 'HIGH' }]),
  },
  { name: 'tabs told', file: 'title\tpriority\nOne\tHIGH\nTwo\tLOW\n', query: { delimiter: 'tab' }, expect: two },
  {
    name: 'a delimiter that is none',
    file: 'title#priority\nOne#HIGH\n',
    query: { delimiter: '#' },
    expect: badParameter(/delimiter/),
  },
  { name: 'colons are none', file: 'title:priority\nOne:HIGH\n', expect: badHeader(/"title:priority"/) },
  {
    name: 'commas in the cells of a semicolon file',
    file: 'title;description\nOne, two, three;a, b, c\n',
    expect: allNew([{ title: 'One, two, three', description: 'a, b, c' }]),
  },
  {
    name: 'a quoted header cell with other delimiters in it',
    file: '"a,b,c,d";title\nx;One\n',
    query: map({ 'a,b,c,d': null }),
    expect: allNew(titles('One')),
  },
  {
    name: 'a tab at the end of a line is a cell, not a blank',
    file: 'title\tdescription\n\t\nOne\t\n',
    expect: partly(titles('One'), [[2, 'title', 'EMPTY_TITLE']]),
  },
  { name: 'a line sep=', file: 'sep=;\ntitle;priority\nOne;HIGH\nTwo;LOW\n', expect: two },
  {
    name: 'a line sep= in quotes, behind a mark',
    file: '\uFEFF"sep=|"\r\ntitle|priority\r\nOne|HIGH\r\nTwo|LOW\r\n',
    expect: two,
  },
  {
    name: 'a line sep= counts as a line',
    file: 'sep=,\ntitle,priority\nOne,SOON\n',
    expect: partly([], [[3, 'priority', 'INVALID_PRIORITY']]),
  },
  {
    name: 'a line sep= that names something else',
    file: 'sep=#\ntitle#priority\n',
    expect: unreadable('BAD_HEADER', { line: 1 }),
  },
  {
    name: 'a line sep= that the request contradicts: the request goes',
    file: 'sep=;\ntitle,priority\nOne,HIGH\nTwo,LOW\n',
    query: { delimiter: 'comma' },
    expect: two,
  },
]

const one = allNew([{ title: 'One', description: 'a', assigned_user: 'john_doe', due_date: '2025-03-31' }])

export const NAMES: Case[] = [
  {
    name: 'of the product',
    file: 'title,description,assigned_user,due_date\nOne,a,john_doe,2025-03-31\n',
    expect: one,
  },
  { name: 'in capitals', file: 'TITLE,DESCRIPTION,ASSIGNED_USER,DUE_DATE\nOne,a,john_doe,2025-03-31\n', expect: one },
  {
    name: 'with spaces',
    file: 'Title, Description ,Assigned User,  Due Date\nOne,a,john_doe,2025-03-31\n',
    expect: one,
  },
  { name: 'with hyphens', file: 'Title,Description,assigned-user,Due-Date\nOne,a,john_doe,2025-03-31\n', expect: one },
  {
    name: 'others call them Name, Notes, Assignee and Deadline',
    file: 'Name,Notes,Assignee,Deadline\nOne,a,john_doe,2025-03-31\n',
    expect: one,
  },
  {
    name: 'others call them Summary, Details, Owner and Due',
    file: 'Summary,Details,Owner,Due\nOne,a,john_doe,2025-03-31\n',
    expect: one,
  },
  {
    name: 'others call them Subject, Body, Assigned to and Due on',
    file: 'Subject,Body,Assigned to,Due on\nOne,a,john_doe,2025-03-31\n',
    expect: one,
  },
  {
    name: 'state, prio, tags and key',
    file: 'Task;State;Prio;Tags;Key\nOne;active;high;x,y;K-1\n',
    expect: allNew([{ title: 'One', status: 'active', priority: 'HIGH', labels: ['x', 'y'], external_id: 'K-1' }]),
  },
  { name: 'in another order', file: 'due date,assignee,notes,name\n2025-03-31,john_doe,a,One\n', expect: one },
  {
    name: 'of columns an import cannot set are left out',
    file: 'id,project_id,title,created_by,updated_at,version,import_id,error\n9,9,One,x,x,x,x,x\n',
    expect: allNew(titles('One'), { columns: ['title'] }),
  },
  {
    name: 'none at all: cells behind the header are left out',
    file: 'title,,\nOne,a,b\n',
    expect: allNew(titles('One'), { columns: ['title'] }),
  },
  { name: 'one that is unknown', file: 'title,colour\nOne,red\n', expect: badHeader(/unknown.*"colour"/) },
  { name: 'no title', file: 'description,priority\na,LOW\n', expect: badHeader(/title/) },
  { name: 'the same twice', file: 'title,title\nOne,Two\n', expect: badHeader(/several columns for title/) },
  { name: 'two for one field', file: 'title,Due,Deadline\nOne,,\n', expect: badHeader(/"Due", "Deadline"/) },
  {
    name: 'name and title, of which one must be told',
    file: 'name,title\nOne,Dr.\n',
    expect: badHeader(/several columns for title/),
  },
  { name: 'letters that only look like it', file: 'tіtle\nOne\n', expect: badHeader(/unknown/) },
  {
    name: 'of JavaScript objects are none',
    file: 'title,__proto__,constructor\nOne,a,b\n',
    expect: badHeader(/"__proto__", "constructor"/),
  },
]

export const MAPPINGS: Case[] = [
  {
    name: 'gives a field to each column',
    file: 'Aufgabe;Fällig;Wer\nOne;2025-03-31;john_doe\n',
    query: map({ Aufgabe: 'title', Fällig: 'due_date', Wer: 'assigned_user' }),
    expect: allNew([{ title: 'One', due_date: '2025-03-31', assigned_user: 'john_doe' }], {
      columns: ['title', 'due_date', 'assigned_user'],
    }),
  },
  {
    name: 'leaves a column out with null',
    file: 'title,colour\nOne,red\n',
    query: map({ colour: null }),
    expect: allNew(titles('One'), { columns: ['title'] }),
  },
  {
    name: 'goes before what is known',
    file: 'title,name\nDr.,One\n',
    query: map({ name: 'title', title: null }),
    expect: allNew(titles('One')),
  },
  {
    name: 'leaves a title out: none is left',
    file: 'title,priority\nOne,LOW\n',
    query: map({ title: null }),
    expect: badHeader(/title/),
  },
  {
    name: 'takes the name as names are compared',
    file: 'What To-Do,x\nOne,1\n',
    query: map({ what_to_do: 'title', X: null }),
    expect: allNew(titles('One')),
  },
  {
    name: 'takes a name with quotes, commas and line ends',
    file: '"say ""what"",\nplease"\nOne\n',
    query: map({ 'say "what",\nplease': 'title' }),
    expect: allNew(titles('One')),
  },
  {
    name: 'gives one column that comes many times',
    file: 'title,tag,tag\nOne,a,b\n',
    query: map({ tag: null }),
    expect: allNew([{ title: 'One', labels: [] }]),
  },
  {
    name: 'gives one field to two columns',
    file: 'a,b\nOne,Two\n',
    query: map({ a: 'title', b: 'title' }),
    expect: badHeader(/several columns for title/),
  },
  {
    name: 'names a column that is not there',
    file: 'title\nOne\n',
    query: map({ Titel: 'title' }),
    expect: badHeader(/"Titel"/),
  },
  {
    name: 'names a field that is none',
    file: 'a\nOne\n',
    query: map({ a: 'headline' }),
    expect: badHeader(/"headline"/),
  },
  {
    name: 'names a field that no import can set',
    file: 'title,a\nOne,7\n',
    query: map({ a: 'version' }),
    expect: badHeader(/"version"/),
  },
  { name: 'is no JSON', file: 'title\nOne\n', query: { mapping: '{title}' }, expect: badParameter(/mapping/) },
  { name: 'is a list', file: 'title\nOne\n', query: { mapping: '["title"]' }, expect: badParameter(/mapping/) },
  { name: 'gives a number', file: 'title\nOne\n', query: { mapping: '{"title":1}' }, expect: badParameter(/mapping/) },
  {
    name: 'of JavaScript objects is none',
    file: 'title\nOne\n',
    query: { mapping: '{"__proto__":"title"}' },
    expect: badHeader(/"__proto__"/),
  },
  { name: 'is empty', file: 'title\nOne\n', query: { mapping: '{}' }, expect: allNew(titles('One')) },
  {
    name: 'finds the delimiter',
    file: 'Aufgabe;Notiz, kurz\nOne;a\n',
    query: map({ Aufgabe: 'title', 'Notiz, kurz': 'description' }),
    expect: allNew([{ title: 'One', description: 'a' }]),
  },
  {
    name: 'an error names the column as the file does',
    file: 'Aufgabe;Wie dringend\nOne;SOON\n',
    query: map({ Aufgabe: 'title', 'Wie dringend': 'priority' }),
    expect: done([1, 0, 0, 0, 1], { errors: [[2, 'Wie dringend', 'INVALID_PRIORITY']] }),
  },
]

import { allNew, badHeader, type Case, type CellError, map, onDisk, partly, unreadable } from './case.ts'

/** Files in the forms that programs write, made by hand after them and kept byte for byte in files/. */

const GERMAN = [
  { title: 'Filter tauschen', description: 'Preis: 12,50 € – „günstig“', due_date: '2025-03-31' },
  { title: 'Behälter prüfen', due_date: '2025-04-01', status: 'active' },
]
const WAHR: CellError = [2, 'Status', 'INVALID_STATUS']

export const SPREADSHEETS: Case[] = [
  {
    name: 'Excel, CSV UTF-8: mark, CRLF, quotes',
    file: onDisk('excel-us-utf8.csv'),
    expect: allNew(
      [
        {
          title: 'Replace the filter',
          description: 'Order part "F-12", two of them',
          status: 'active',
          priority: 'HIGH',
          due_date: '2025-03-31',
          assigned_user: 'john_doe',
        },
        { title: 'Clean the tank', status: 'inactive', due_date: '2025-04-01', assigned_user: null },
        { title: 'Call Grünwald & Söhne\nbefore noon', due_date: '2025-12-09', assigned_user: 'emma_watson' },
      ],
      { columns: ['title', 'description', 'status', 'priority', 'due_date MDY', 'assigned_user'] },
    ),
  },
  {
    name: 'Excel in German: semicolons, windows-1252, told so',
    file: onDisk('excel-german-windows-1252.csv'),
    query: { encoding: 'windows-1252' },
    expect: partly(GERMAN.slice(1), [WAHR]),
  },
  {
    name: 'Excel in German: windows-1252, not told',
    file: onDisk('excel-german-windows-1252.csv'),
    expect: unreadable('NOT_UTF8', { line: 2 }),
  },
  {
    name: 'Excel in German: semicolons, UTF-8',
    file: onDisk('excel-german-utf8.csv'),
    expect: allNew(GERMAN, {
      columns: ['title', 'description', 'status', 'priority', 'due_date DMY', 'assigned_user'],
    }),
  },
  {
    name: 'Excel in French',
    file: onDisk('excel-french-semicolon.csv'),
    query: map({ Nom: 'title', Échéance: 'due_date', Priorité: 'priority', Étiquettes: 'labels' }),
    expect: allNew([
      { title: "Vérifier l'œuvre d’art", due_date: '2025-03-31', priority: 'HIGH', labels: ['hiver', 'été'] },
      { title: 'Payer le loyer', due_date: '2025-04-01', labels: [] },
    ]),
  },
  {
    name: 'Excel in French, without a mapping',
    file: onDisk('excel-french-semicolon.csv'),
    expect: badHeader(/"Échéance"/),
  },
  {
    name: 'Excel, Unicode Text: UTF-16 with tabs',
    file: onDisk('excel-unicode-text.txt'),
    expect: allNew([
      { title: 'Naïve café', description: 'Tab\there and a "quote"', due_date: '2025-03-31', labels: ['α', 'β'] },
      { title: '日本語のタスク', description: '' },
    ]),
  },
  {
    name: 'Excel, CSV (Macintosh): CR, and years of two digits',
    file: onDisk('excel-mac.csv'),
    expect: partly(
      [],
      [
        [2, 'Created', 'INVALID_DATE'],
        [3, 'Created', 'INVALID_DATE'],
      ],
    ),
  },
  {
    name: 'Excel, with a line sep=',
    file: onDisk('excel-sep-line.csv'),
    expect: allNew([
      { title: 'Sweep the yard', labels: ['garden', 'spring'], due_date: '2031-04-30' },
      { title: 'Rake', labels: ['garden'], due_date: '2031-05-01' },
    ]),
  },
  {
    name: 'Excel, columns and rows that were emptied',
    file: onDisk('excel-trailing-columns.csv'),
    expect: partly(
      [{ title: 'One', due_date: '2025-03-31' }, { title: 'Two' }],
      [
        [4, 'Title', 'EMPTY_TITLE'],
        [5, 'Title', 'EMPTY_TITLE'],
      ],
    ),
  },
  {
    name: 'LibreOffice, every text cell quoted',
    file: onDisk('libreoffice-quoted.csv'),
    expect: allNew([
      { title: 'Paint the fence', description: 'two coats,\ngreen', priority: 'LOW', due_date: '2025-03-31' },
      { title: 'Say "hello"', description: '', priority: 'HIGH', due_date: null },
    ]),
  },
  {
    name: 'LibreOffice, tabs',
    file: onDisk('libreoffice-tab.csv'),
    expect: allNew([{ title: 'Paint', description: 'say "no"', due_date: '2025-03-31' }, { title: 'Sand' }]),
  },
  {
    name: 'Google Sheets, CSV',
    file: onDisk('google-sheets.csv'),
    expect: allNew([
      { title: 'Buy 🍞', due_date: '2025-03-31', assigned_user: 'john_doe', labels: ['food', 'home'] },
      { title: 'Read "Dune", part 1', status: 'completed', labels: ['books'] },
    ]),
  },
  {
    name: 'Google Sheets, TSV: quotes are letters there, and stray here',
    file: onDisk('google-sheets.tsv'),
    expect: partly([{ title: 'Read Dune', description: 'part 1' }], [[2, null, 'STRAY_QUOTE']]),
  },
  { name: 'Numbers, with the name of the table above', file: onDisk('numbers.csv'), expect: badHeader(/"Table 1"/) },
  {
    name: 'Numbers',
    file: onDisk('numbers-plain.csv'),
    expect: allNew([
      { title: 'One', status: 'active', due_date: '2025-03-31' },
      { title: 'Two', status: 'inactive', due_date: '2025-04-01' },
    ]),
  },
]

const PLAIN = [{ title: 'One', priority: 'HIGH', due_date: '2025-03-31' }]

export const LIBRARIES: Case[] = [
  {
    name: 'PostgreSQL, copy … csv header',
    file: onDisk('psql.csv'),
    expect: allNew([
      { title: 'One', status: 'active', due_date: '2025-03-31', created_at: '2025-03-01T12:00:00.500000Z' },
      { title: 'Two', description: 'a\nb', created_at: '2025-03-01T12:00:00Z' },
    ]),
  },
  {
    name: 'MySQL, into outfile: quotes with backslashes',
    file: onDisk('mysql-outfile.csv'),
    expect: partly([{ title: 'Two' }, { title: 'C:\\\\temp', description: '\\N' }], [[2, null, 'STRAY_QUOTE']]),
  },
  {
    name: 'pandas, with its index',
    file: onDisk('pandas.csv'),
    expect: allNew([...PLAIN, { title: 'Two', priority: 'LOW', due_date: null }]),
  },
  {
    name: 'R, with its index, and NA for what is missing',
    file: onDisk('r-write-csv.csv'),
    expect: partly(PLAIN, [[3, 'due_date', 'INVALID_DATE']]),
  },
  {
    name: 'Python',
    file: onDisk('python-csv.csv'),
    expect: allNew([{ title: 'One', description: 'a, "b"', labels: ['x', 'y'] }, { title: 'Two\nlines' }]),
  },
  {
    name: 'the product itself',
    file: onDisk('tasklog-export.csv'),
    expect: allNew([
      {
        title: 'Order the new rack',
        labels: ['2025', 'hardware'],
        due_date: '2025-12-31',
        external_id: 'ERP-4711',
        created_at: '2025-03-31T09:15:00.123456Z',
        assigned_user: 'john_doe',
      },
      {
        title: '=1+1 is "2"',
        description: 'a\nb',
        status: 'cancelled',
        priority: 'LOW',
        external_id: null,
        created_at: '2025-03-30T22:00:00Z',
      },
    ]),
  },
  {
    name: 'the original contract',
    file: onDisk('original.csv'),
    original: true,
    expect: allNew([
      {
        title: 'Data Backup',
        status: 'active',
        priority: 'HIGH',
        created_at: '2025-03-30T22:00:00Z',
        assigned_user: 'john_doe',
      },
      { title: 'Error Log Analysis', status: 'inactive', priority: 'LOW', assigned_user: 'emma_watson' },
      { title: 'Security Audit', priority: 'CRITICAL', created_at: '2025-03-27T23:00:00Z', assigned_user: null },
    ]),
  },
]

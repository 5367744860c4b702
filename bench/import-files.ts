import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

/** Columns that `psql \copy` fills; the others of `tasks` have defaults. */
export const COPY_COLUMNS =
  'project_id, title, description, status, priority, assigned_user_id, created_by, external_id, created_at, updated_at, valid_from, changed_by'

export const PEOPLE = 50

export interface Rows {
  count: number
  /** Of each description. */
  bytes: number
  keyed: boolean
  /** Every priority is another one. */
  changed?: boolean
}

/** As people send it: 5 % of the rows have quotes, commas and line ends. In pieces of about 64 kB. */
export function* uploadText(rows: Rows): Generator<string> {
  let text = `${rows.keyed ? 'external_id,' : ''}task_name,description,status,priority,created_at,assigned_user\n`
  for (let i = 0; i < rows.count; i++) {
    const { title, description, priority, day } = rowOf(i, rows)
    const [year, month, date] = day.split('-').map(Number)
    const state = i % 3 ? 'TRUE' : 'FALSE'
    const key = rows.keyed ? `KEY-${i},` : ''
    text += `${key}${title},${description},${state},${priority},${month}/${date}/${year},person_${i % PEOPLE}\n`
    if (text.length < 65_536) continue
    yield text
    text = ''
  }
  yield text
}

/** The same rows, each value as the table has it. */
export function* copyText(rows: Rows): Generator<string> {
  for (let i = 0; i < rows.count; i++) {
    const { title, description, priority, day } = rowOf(i, rows)
    const state = i % 3 ? 'active' : 'inactive'
    const key = rows.keyed ? `KEY-${i}` : ''
    yield `1,${title},${description},${state},${priority},${(i % PEOPLE) + 1},1,${key},${day},${day},${day},1\n`
  }
}

export function rowOf(i: number, { bytes, changed = false }: Rows) {
  const title = i % 20 === 0 ? `"Task ""${i}"", urgent"` : `Task ${i} of the list`
  const words = `Words about task ${i} ${(i * 7919) % 100_003} `.padEnd(bytes, 'and more words ')
  const description = i % 20 === 0 ? `"${words},\n""quoted"""` : words
  const priority = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'][(i + Number(changed)) % 4]
  const day = new Date(Date.UTC(2023, 0, 1) + ((i * 7919) % 900) * 86_400_000).toISOString().slice(0, 10)
  return { title, description, priority, day }
}

export async function writeText(file: string, text: Iterable<string>): Promise<void> {
  const stream = createWriteStream(file)
  for (const piece of text) if (!stream.write(piece)) await once(stream, 'drain')
  stream.end()
  await once(stream, 'close')
}

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'

/** Columns that `psql \copy` fills; the others of `tasks` have defaults. */
export const COPY_COLUMNS =
  'project_id, title, description, status, priority, assigned_user_id, created_by, external_id, created_at, updated_at, valid_from, changed_by'

export const PEOPLE = 50

export interface ImportFiles {
  /** As people send it. */
  upload: string
  /** The same rows, each value as the table has it. */
  copy: string
}

/** `rows` tasks, 5 % of them with quotes, commas and line ends; `bytes` of description each. */
export async function writeFiles(files: ImportFiles, rows: number, bytes: number, keyed: boolean): Promise<void> {
  const upload = createWriteStream(files.upload)
  const copy = createWriteStream(files.copy)
  upload.write(`${keyed ? 'external_id,' : ''}task_name,description,status,priority,created_at,assigned_user\n`)
  const start = Date.UTC(2023, 0, 1)
  for (let i = 0; i < rows; i++) {
    const title = i % 20 === 0 ? `"Task ""${i}"", urgent"` : `Task ${i} of the list`
    const words = `Words about task ${i} ${(i * 7919) % 100_003} `.padEnd(bytes, 'and more words ')
    const description = i % 20 === 0 ? `"${words},\n""quoted"""` : words
    const priority = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'][i % 4]
    const day = new Date(start + ((i * 7919) % 900) * 86_400_000).toISOString().slice(0, 10)
    const [year, month, date] = day.split('-').map(Number)
    const person = i % PEOPLE
    const key = keyed ? `KEY-${i},` : ''
    await write(
      upload,
      `${key}${title},${description},${i % 3 ? 'TRUE' : 'FALSE'},${priority},${month}/${date}/${year},person_${person}\n`,
    )
    const status = i % 3 ? 'active' : 'inactive'
    await write(
      copy,
      `1,${title},${description},${status},${priority},${person + 1},1,${keyed ? `KEY-${i}` : ''},${day},${day},${day},1\n`,
    )
  }
  for (const stream of [upload, copy]) {
    stream.end()
    await once(stream, 'close')
  }
}

async function write(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain')
}

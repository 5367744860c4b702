import type { Static } from 'typebox'
import { invalidField } from '../platform/errors.ts'
import { encodingOf } from './decode.ts'
import type { UploadQuery } from './schemas.ts'
import type { UploadOptions } from './stage-file.ts'

export const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const

/**
 * The query parameters of an upload.
 *
 * @param projectId the project they name, where the actor may import
 * @throws AppError INVALID_REQUEST (400) naming the parameter
 */
export function readOptions(query: Static<typeof UploadQuery>, projectId: number): UploadOptions {
  const { dry_run = false, on_error = 'skip', again = false, encoding, delimiter, date_format, mapping, sheet } = query
  return {
    projectId,
    dryRun: dry_run,
    onError: on_error,
    again,
    reader: {
      profile: 'any',
      ...(encoding && { encoding: encodingOf(encoding) }),
      ...(delimiter && { delimiter: DELIMITERS[delimiter] }),
      ...(date_format && { dateFormat: readDateFormat(date_format) }),
      ...(sheet && { sheet }),
      ...(mapping && { mapping: readMapping(mapping) }),
    },
  }
}

/** What `POST /upload-csv` takes: the file of the original contract, each time it is sent. */
export function originalOptions(projectId: number): UploadOptions {
  return { projectId, dryRun: false, onError: 'skip', again: true, reader: { profile: 'original' } }
}

type DateFormat = UploadOptions['reader']['dateFormat']

const FORMAT = /^(?:MDY|DMY|YMD)$/
const FORMAT_OF_FIELD = /^(?:created_at|due_date):(?:MDY|DMY|YMD)$/

function readDateFormat(text: string): DateFormat {
  if (FORMAT.test(text)) return text as DateFormat
  const parts = text.split(',')
  const byField = Object.fromEntries(parts.map((part) => part.split(':')))
  if (!parts.every((part) => FORMAT_OF_FIELD.test(part)) || Object.keys(byField).length < parts.length) {
    throw invalidField('query', 'date_format', 'must be one of MDY, DMY, YMD, or such as created_at:MDY,due_date:DMY')
  }
  return byField as DateFormat
}

function readMapping(text: string): Record<string, string | null> {
  let mapping: unknown
  try {
    mapping = JSON.parse(text)
  } catch {
    throw invalidField('query', 'mapping', 'must be JSON')
  }
  const isMapping =
    typeof mapping === 'object' &&
    mapping !== null &&
    !Array.isArray(mapping) &&
    Object.values(mapping).every((field) => field === null || typeof field === 'string')
  if (!isMapping) throw invalidField('query', 'mapping', 'must be an object of column to field, or to null')
  return mapping as Record<string, string | null>
}

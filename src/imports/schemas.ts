import Type, { type Static } from 'typebox'
import { Id, IdNumber, Nullable, Page, Strict, Timestamp } from '../platform/schemas.ts'
import { ENCODING_NAMES } from './decode.ts'
import { IMPORT_STATES, type ImportErrorRow, type ImportRow } from './queries.ts'

const ImportColumn = Type.Object({
  name: Type.String({ description: 'As in the header of the file' }),
  field: Nullable(Type.String({ description: 'Of the task; null for a column that is left out' })),
  date_format: Nullable(Type.String({ description: 'MDY, DMY or YMD, for dates that are not ISO 8601' })),
})

const Sample = Type.Object({
  line: Type.Integer(),
  external_id: Type.String(),
  task_id: Type.Integer(),
  changes: Type.Record(Type.String(), Type.Object({ from: Type.Unknown(), to: Type.Unknown() })),
})

const Undone = Type.Object({
  removed: Type.Integer({ description: 'Tasks it had created, now in the trash' }),
  restored: Type.Integer({ description: 'Tasks it had updated, as they were before' }),
  left: Type.Integer({ description: 'Tasks that were changed since, left as they are' }),
})

export const Import = Type.Object(
  {
    id: Type.Integer(),
    project_id: Type.Integer(),
    file_name: Nullable(Type.String()),
    state: Type.Enum([...IMPORT_STATES]),
    dry_run: Type.Boolean(),
    on_error: Type.Enum(['skip', 'abort']),
    columns: Type.Array(ImportColumn),
    bytes: Type.Integer(),
    rows: Type.Integer({ description: 'Always created + updated + unchanged + rejected, once the import is done' }),
    created: Type.Integer(),
    updated: Type.Integer(),
    unchanged: Type.Integer(),
    rejected: Type.Integer(),
    rows_per_second: Nullable(Type.Integer({ description: 'Since rows began to become tasks' })),
    estimated_end: Nullable(Timestamp),
    samples: Type.Optional(Type.Array(Sample, { description: 'What a dry run would change, of the first 20 tasks' })),
    undo: Nullable(Undone),
    failure_code: Nullable(Type.String()),
    failure: Nullable(Type.String()),
    created_at: Timestamp,
    committed_at: Nullable(Timestamp),
    finished_at: Nullable(Timestamp),
    details_removed_at: Nullable(
      Type.String({
        format: 'date-time',
        description: 'When what it did row by row was given up; from then on it has no rejected rows and no undo',
      }),
    ),
  },
  { $id: 'Import', additionalProperties: false },
)

export const ImportError = Type.Object(
  {
    line: Type.Integer({ description: 'Line of the file the row begins on; the header is line 1' }),
    column: Nullable(Type.String({ description: 'As in the header; null when the row as a whole is wrong' })),
    value: Nullable(Type.String()),
    code: Type.String(),
    message: Type.String(),
  },
  { $id: 'ImportError', additionalProperties: false },
)

export const ImportParams = Strict({ id: Id })
export const ImportPage = Page(Type.Ref('Import'))
export const ImportErrorPage = Page(Type.Ref('ImportError'))

export const UploadQuery = Strict({
  project_id: Type.Optional(IdNumber({ description: 'The default project when left out' })),
  dry_run: Type.Optional(Type.Boolean({ description: 'Check the whole file and write nothing until it is committed' })),
  on_error: Type.Optional(
    Type.Enum(['skip', 'abort'], { default: 'skip', description: 'abort: one bad row and nothing is written' }),
  ),
  again: Type.Optional(Type.Boolean({ description: 'Take a file that was imported before' })),
  encoding: Type.Optional(
    Type.Enum([...ENCODING_NAMES], {
      description: 'UTF-8, or UTF-16 with a byte order mark, when left out',
    }),
  ),
  delimiter: Type.Optional(
    Type.Enum(['comma', 'semicolon', 'tab', 'pipe'], { description: 'Found from the header when left out' }),
  ),
  date_format: Type.Optional(
    Type.String({
      maxLength: 40,
      description:
        'MDY, DMY or YMD; or by field: `created_at:MDY,due_date:DMY`. Found from the whole column when left out',
    }),
  ),
  mapping: Type.Optional(
    Type.String({
      minLength: 2,
      maxLength: 10_000,
      description: 'JSON: column of the file to field of the task, or to null to leave it out',
      examples: ['{"Aufgabe":"title","Notiz":null}'],
    }),
  ),
  sheet: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: 'Of a workbook; the first one when left out' }),
  ),
  file_name: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: 'For a body that is the file itself' }),
  ),
})

export const UndoQuery = Strict({
  dry_run: Type.Optional(Type.Boolean({ description: 'Say what would come of it, and change nothing' })),
})

export const LeftPage = Page(
  Type.Object({
    task_id: Type.Integer(),
    reason: Type.Enum(['CHANGED_SINCE', 'DELETED_SINCE', 'HISTORY_GONE']),
  }),
)

export function publicImport(row: ImportRow): Static<typeof Import> {
  const { id, project_id, file_name, state, dry_run, on_error, bytes, rows, created, updated, unchanged, rejected } =
    row
  const { failure_code, failure, samples } = row
  return {
    ...{ id, project_id, file_name, state, dry_run, on_error, columns: row.columns.map(publicColumn) },
    ...{ bytes, rows, created, updated, unchanged, rejected, ...progressOf(row) },
    ...(state === 'ready' ? { samples: samples ?? [] } : {}),
    undo: row.undone_by === null ? null : undoneOf(row),
    ...{ failure_code, failure },
    created_at: row.created_at.toISOString(),
    committed_at: row.committed_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
    details_removed_at: row.details_removed_at?.toISOString() ?? null,
  }
}

const publicColumn = ({ name, field, format }: ImportRow['columns'][number]) => ({ name, field, date_format: format })

function undoneOf({ undone_removed, undone_restored, undone_left }: ImportRow) {
  return { removed: undone_removed, restored: undone_restored, left: undone_left }
}

/** Of the lines merged so far; unknown before there are any, and when it has ended without merging. */
function progressOf(row: ImportRow): { rows_per_second: number | null; estimated_end: string | null } {
  const merged = row.created + row.updated + row.unchanged
  if (!row.merging_at || merged === 0) return { rows_per_second: null, estimated_end: null }
  const until = row.finished_at?.getTime() ?? Date.now()
  const perMs = merged / Math.max(until - row.merging_at.getTime(), 1)
  const left = row.rows - row.rejected - merged
  const end = row.state === 'merging' ? new Date(Date.now() + left / perMs).toISOString() : null
  return { rows_per_second: Math.round(perMs * 1_000), estimated_end: end }
}

export function publicError(row: ImportErrorRow): Static<typeof ImportError> {
  const { line, column_name, value, code, message } = row
  return { line, column: column_name || null, value, code, message }
}

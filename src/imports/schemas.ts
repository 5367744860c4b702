import Type, { type Static } from 'typebox'
import { Id, Nullable, Page, Strict, Timestamp } from '../platform/schemas.ts'
import type { ImportErrorRow, ImportRow } from './queries.ts'

export const Import = Type.Object(
  {
    id: Type.Integer(),
    project_id: Type.Integer(),
    file_name: Nullable(Type.String()),
    state: Type.Enum(['receiving', 'checking', 'merging', 'done', 'failed']),
    bytes: Type.Integer(),
    rows: Type.Integer({ description: 'Always created + updated + unchanged + rejected, once the import is done' }),
    created: Type.Integer(),
    updated: Type.Integer(),
    unchanged: Type.Integer(),
    rejected: Type.Integer(),
    failure_code: Nullable(Type.String()),
    failure: Nullable(Type.String()),
    created_at: Timestamp,
    finished_at: Nullable(Timestamp),
  },
  { $id: 'Import', additionalProperties: false },
)

export const ImportError = Type.Object(
  {
    line: Type.Integer({ description: 'Line of the file the row begins on; the header is line 1' }),
    column: Nullable(Type.String({ description: 'Null when the row as a whole is wrong' })),
    value: Nullable(Type.String()),
    code: Type.String(),
    message: Type.String(),
  },
  { $id: 'ImportError', additionalProperties: false },
)

export const ImportParams = Strict({ id: Id })
export const ImportPage = Page(Type.Ref('Import'))
export const ImportErrorPage = Page(Type.Ref('ImportError'))

export function publicImport(row: ImportRow): Static<typeof Import> {
  const { id, project_id, file_name, state, bytes, rows, created, updated, unchanged, rejected } = row
  const { failure_code, failure } = row
  return {
    ...{ id, project_id, file_name, state, bytes, rows, created, updated, unchanged, rejected, failure_code, failure },
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  }
}

export function publicError(row: ImportErrorRow): Static<typeof ImportError> {
  const { line, column_name, value, code, message } = row
  return { line, column: column_name || null, value, code, message }
}

import { AppError, invalidRequest } from '../platform/errors.ts'
import type { CsvFileError } from './csv-file.ts'

export const importNotFound = (id: string) => new AppError('IMPORT_NOT_FOUND', 404, `There is no import ${id}.`)

export const missingFile = () =>
  invalidRequest('file: is required, as a multipart/form-data part with a file name', [
    { in: 'body', pointer: '/file', detail: 'is required, as a multipart/form-data part with a file name' },
  ])

export const invalidMultipart = (detail: string) => invalidRequest(`The multipart body cannot be read: ${detail}`)

export const fileTooLarge = (limitBytes: number) =>
  new AppError('FILE_TOO_LARGE', 413, `The file is larger than the ${limitBytes} bytes allowed. Nothing was imported.`)

export const invalidHeader = (detail: string, columns: string[]) =>
  new AppError('INVALID_CSV_HEADER', 422, `${detail} Nothing was imported.`, {
    hint: `The first line names the columns, separated by commas: ${columns.join(',')}.`,
  })

const NOT_UTF8_HINT =
  'Is it a CSV file? Save it as UTF-8 (in Excel: "CSV UTF-8"), or say its encoding (/api/v1/imports: encoding=windows-1252).'

/** What is wrong with the file as a whole. */
export const invalidFile = (error: CsvFileError) =>
  new AppError('INVALID_CSV', 422, `The file cannot be read: ${error.message}. Nothing was imported.`, {
    hint: error.code === 'NOT_UTF8' ? NOT_UTF8_HINT : undefined,
    members: { reason: error.code, line: error.line, byte: error.byte },
  })

export const storageFull = (cause: Error) =>
  new AppError('STORAGE_FULL', 507, 'The workbook cannot be kept while it is read. Nothing was imported.', {
    cause,
  })

export const tooManyUploads = () =>
  new AppError('TOO_MANY_UPLOADS', 503, 'As many uploads as this server takes are under way. Nothing was imported.', {
    headers: { 'retry-after': '10' },
  })

export const duplicateFile = (importId: number) =>
  new AppError('DUPLICATE_FILE', 409, `This very file is import ${importId} already. Nothing was imported.`, {
    hint: 'Send it with again=true to import it once more.',
    members: { import_id: importId, url: `/api/v1/imports/${importId}` },
  })

export const importCancelled = () =>
  new AppError('IMPORT_CANCELLED', 409, 'The import was cancelled while its file arrived. Nothing was imported.')

export const wrongImportState = (state: string, wanted: string) =>
  new AppError('WRONG_IMPORT_STATE', 409, `The import is ${state}; this needs one that is ${wanted}.`)

export const importDetailsRemoved = (id: number, removedAt: Date) =>
  new AppError('IMPORT_DETAILS_REMOVED', 410, `What import ${id} did row by row is not kept any more.`, {
    members: { removed_at: removedAt.toISOString() },
  })

/** Of a file that may have any columns. */
export const invalidColumns = (detail: string, hint?: string) =>
  new AppError('INVALID_CSV_HEADER', 422, `${detail} Nothing was imported.`, { hint })

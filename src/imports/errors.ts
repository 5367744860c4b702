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

/** What is wrong with the file as a whole. */
export const invalidFile = (error: CsvFileError) =>
  new AppError('INVALID_CSV', 422, `The file cannot be read: ${error.message}. Nothing was imported.`, {
    members: { reason: error.code, line: error.line, byte: error.byte },
  })

import type { IncomingMessage } from 'node:http'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { Busboy, type BusboyFileStream, type BusboyHeaders } from '@fastify/busboy'
import { fileTooLarge, invalidMultipart, missingFile } from './errors.ts'
import type { UploadedFile } from './stage-file.ts'

const FIELD = 'file'

/**
 * The one file of a multipart/form-data body (RFC 7578), as a stream. Reading it to its end also checks that nothing
 * follows it and that the body ends as it should, so that a body cut off on the way is never taken for a whole file.
 *
 * @param limitBytes of the file
 * @throws AppError INVALID_REQUEST (400), and from the stream FILE_TOO_LARGE (413)
 */
export async function openUpload(request: IncomingMessage, limitBytes: number): Promise<UploadedFile> {
  const parser = createParser(request, limitBytes)
  const rest = new Promise<void>((resolve, reject) => {
    parser.on('finish', resolve).on('error', (error: Error) => reject(refused(error)))
    // A body that ends inside the file is told on the file alone, perhaps before anybody reads it.
    parser.on('file', (_field, stream) => void stream.on('error', (error) => reject(refused(error))))
    parser.on('filesLimit', () => reject(invalidMultipart('it holds more than one file')))
    parser.on('field', (name) => reject(name === FIELD ? missingFile() : unknownField(name)))
    request.on('aborted', () => reject(invalidMultipart('it was cut off')))
    request.on('error', (error) => reject(refused(error)))
  })
  rest.catch(() => {}) // looked at below, perhaps later
  const opened = new Promise<UploadedFile>((resolve, reject) => {
    parser.on('file', (field, stream, name) => {
      if (field !== FIELD) return reject(invalidMultipart(`the file must be sent as "${FIELD}"`))
      resolve({ name: displayName(name), bytes: readFile(stream, rest, limitBytes) })
    })
    rest.then(() => reject(missingFile()), reject)
  })
  request.pipe(parser)
  return opened
}

function createParser(request: IncomingMessage, limitBytes: number) {
  try {
    // One byte more than allowed, so that reaching the limit and passing it can be told apart.
    const limits = { files: 1, fileSize: limitBytes + 1, headerPairs: 20, headerSize: 16_384 }
    return new Busboy({ headers: request.headers as BusboyHeaders, limits })
  } catch (error) {
    throw refused(error as Error)
  }
}

async function* readFile(stream: BusboyFileStream, rest: Promise<void>, limitBytes: number): AsyncGenerator<Buffer> {
  const broken = rest.catch((error) => {
    ;(stream as Readable).destroy(error)
  })
  for await (const chunk of stream) {
    yield chunk
    if (stream.truncated) throw fileTooLarge(limitBytes)
  }
  if (stream.truncated) throw fileTooLarge(limitBytes)
  await broken
  await rest
}

const unknownField = (name: string) => invalidMultipart(`the field ${JSON.stringify(name)} is not known`)

/** The parser's own sentences are about form data, not about us. */
function refused(error: Error) {
  return error.name === 'AppError' ? error : invalidMultipart(error.message.replace(/^Multipart: /, ''))
}

/** For people to recognise their file by; it never names anything on our side. */
export function displayName(name: string | undefined): string | null {
  if (!name) return null
  const plain = path.posix.basename(name.replaceAll('\\', '/')).replace(/\p{Cc}/gu, '')
  return [...plain.toWellFormed()].slice(0, 255).join('') || null
}

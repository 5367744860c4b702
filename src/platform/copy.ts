import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { noAnswer } from './answer-limit.ts'

/**
 * Pours `source` into `sink`. There is no limit for the whole, since a source may be slow; but what it gave has to be
 * taken within `answerMs`, and so has its end.
 */
export async function pour(source: AsyncIterable<Buffer>, sink: Writable, answerMs?: number): Promise<void> {
  const { promise: stalled, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const watch = () => {
    if (answerMs !== undefined) timer = setTimeout(() => reject(noAnswer()), answerMs)
  }
  const watched = async function* () {
    for await (const chunk of source) {
      watch()
      yield chunk
      clearTimeout(timer)
    }
    watch()
  }
  try {
    await Promise.race([pipeline(Readable.from(watched(), { objectMode: false }), sink), stalled])
  } finally {
    clearTimeout(timer)
  }
}

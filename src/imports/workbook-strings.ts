import type { FileHandle } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { openTemporaryFile, orStorageFull } from './temporary-file.ts'
import { badWorkbook, type WorkbookFile } from './workbook-file.ts'
import { unescapeText } from './workbook-values.ts'

const IN_BLOCK = 64
const KEPT_BYTES = 2 * 1024 * 1024
const WRITE_BYTES = 256 * 1024

/**
 * The texts that cells refer to by number. A workbook has them in a part of their own, mostly behind the sheets, and there
 * may be more of them than memory: they are written to a file, in blocks, of which those used last are kept.
 */
export class SharedStrings {
  readonly #file: FileHandle
  /** Where each block begins in the file, and where the last one ends. */
  readonly #blocks: number[] = [0]
  readonly #kept = new LRUCache<number, string[]>({
    maxSize: KEPT_BYTES,
    sizeCalculation: (texts) => texts.reduce((size, text) => size + 2 * text.length + 16, 64),
  })
  #count = 0
  #block: string[] = []
  #waiting: Buffer[] = []
  #waitingBytes = 0

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** @throws CsvFileError BAD_WORKBOOK */
  static async read(workbook: WorkbookFile, part: string): Promise<SharedStrings> {
    const strings = new SharedStrings(await openTemporaryFile())
    try {
      await strings.#fill(workbook, part)
      return strings
    } catch (error) {
      await strings.close()
      throw error
    }
  }

  /** Without waiting, when its block has been used lately: nearly always, as texts come in the order of the cells. */
  inMemory(index: number): string | undefined {
    return this.#kept.get(Math.floor(index / IN_BLOCK))?.[index % IN_BLOCK]
  }

  /** @throws CsvFileError BAD_WORKBOOK when there is no such text */
  async at(index: number): Promise<string> {
    if (!(index >= 0 && index < this.#count))
      throw badWorkbook(`a cell refers to text ${index}, which it does not have`)
    return (await this.#load(Math.floor(index / IN_BLOCK)))[index % IN_BLOCK] as string
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #fill(workbook: WorkbookFile, part: string): Promise<void> {
    let text: string | undefined
    let isPhonetic = false
    let inText = false
    const handlers = {
      open: (name: string) => {
        if (name === 'si') text = ''
        else if (name === 'rPh') isPhonetic = true
        else if (name === 't') inText = !isPhonetic
      },
      text: (piece: string) => {
        if (inText && text !== undefined) text += piece
      },
      close: (name: string) => {
        if (name === 't') inText = false
        else if (name === 'rPh') isPhonetic = false
        else if (name === 'si') this.#add(unescapeText(text ?? ''))
      },
    }
    for await (const _ of workbook.read(part, handlers)) if (this.#waitingBytes >= WRITE_BYTES) await this.#write()
    this.#endBlock()
    await this.#write()
  }

  #add(text: string): void {
    this.#count++
    if (this.#block.push(text) === IN_BLOCK) this.#endBlock()
  }

  #endBlock(): void {
    const bytes = Buffer.from(JSON.stringify(this.#block))
    this.#blocks.push((this.#blocks.at(-1) ?? 0) + bytes.length)
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    this.#block = []
  }

  async #write(): Promise<void> {
    await orStorageFull(() => this.#file.writev(this.#waiting))
    this.#waiting = []
    this.#waitingBytes = 0
  }

  async #load(block: number): Promise<string[]> {
    const [begin = 0, end = 0] = [this.#blocks[block], this.#blocks[block + 1]]
    const { buffer } = await this.#file.read(Buffer.allocUnsafe(end - begin), 0, end - begin, begin)
    const texts = JSON.parse(buffer.toString()) as string[]
    this.#kept.set(block, texts)
    return texts
  }
}

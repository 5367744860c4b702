import type { FileHandle } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { openTemporaryFile, orStorageFull } from './temporary-file.ts'
import { badWorkbook, MOST_CHARACTERS_OF_TEXT, textTooLong, type WorkbookFile } from './workbook-file.ts'
import { unescapeText } from './workbook-values.ts'

/** Of a block, but for a longer text, which has one of its own: to read a text costs no more than a block of this. */
const BLOCK_CHARACTERS = 8 * 1024
const BLOCK_TEXTS = 512
const KEPT_BYTES = 2 * 1024 * 1024
const WRITE_BYTES = 256 * 1024

/**
 * The texts that cells refer to by number. A workbook has them in a part of their own, mostly behind the sheets, and there
 * may be more of them than memory: they are written to a file, in blocks, of which those used last are kept.
 */
export class SharedStrings {
  readonly #file: FileHandle
  /** The number of each block's first text, and where the block begins in the file; at last where the next would. */
  readonly #firsts: number[] = [0]
  readonly #offsets: number[] = [0]
  readonly #kept = new LRUCache<number, string[]>({
    maxSize: KEPT_BYTES,
    sizeCalculation: (texts) => texts.reduce((size, text) => size + 2 * text.length + 16, 64),
  })
  /** The block that was asked for last. */
  #latest = 0
  #count = 0
  #block: string[] = []
  #blockCharacters = 0
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
    const block = this.#blockOf(index)
    return this.#kept.get(block)?.[index - (this.#firsts[block] ?? 0)]
  }

  /** @throws CsvFileError BAD_WORKBOOK when there is no such text */
  async at(index: number): Promise<string> {
    if (!(index >= 0 && index < this.#count))
      throw badWorkbook(`a cell refers to text ${index}, which it does not have`)
    const block = this.#blockOf(index)
    return (await this.#load(block))[index - (this.#firsts[block] ?? 0)] as string
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  #blockOf(index: number): number {
    const firsts = this.#firsts
    const isIn = (block: number) => index >= (firsts[block] ?? 0) && index < (firsts[block + 1] ?? 0)
    if (isIn(this.#latest)) return this.#latest
    let [low, high] = [0, firsts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((firsts[middle] ?? 0) <= index) low = middle
      else high = middle - 1
    }
    this.#latest = low
    return low
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
        if (!inText || text === undefined) return
        text += piece
        if (text.length > MOST_CHARACTERS_OF_TEXT) throw textTooLong()
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
    const isFull = this.#blockCharacters + text.length > BLOCK_CHARACTERS || this.#block.length === BLOCK_TEXTS
    if (isFull && this.#block.length > 0) this.#endBlock()
    this.#count++
    this.#block.push(text)
    this.#blockCharacters += text.length
  }

  #endBlock(): void {
    const bytes = Buffer.from(JSON.stringify(this.#block))
    this.#firsts.push(this.#count)
    this.#offsets.push((this.#offsets.at(-1) ?? 0) + bytes.length)
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    this.#block = []
    this.#blockCharacters = 0
  }

  async #write(): Promise<void> {
    // All of it or an error: `writev` says nothing of a disk that takes only the beginning.
    await orStorageFull(() => this.#file.writeFile(Buffer.concat(this.#waiting)))
    this.#waiting = []
    this.#waitingBytes = 0
  }

  async #load(block: number): Promise<string[]> {
    const [begin = 0, end = 0] = [this.#offsets[block], this.#offsets[block + 1]]
    const { buffer } = await this.#file.read(Buffer.allocUnsafe(end - begin), 0, end - begin, begin)
    const texts = JSON.parse(buffer.toString()) as string[]
    this.#kept.set(block, texts)
    return texts
  }
}

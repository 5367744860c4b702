import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type DataVersion, SettledChanges } from './data-version.ts'
import type { Db, Queryable } from './db.ts'
import type { Redis } from './redis.ts'
import type { Replica } from './replica.ts'

const MAX_BYTES_IN_PROCESS = 32 * 1024 * 1024
/** What an entry takes beside its text. */
const ENTRY_BYTES = 500
const PAST_SECONDS = 86_400
/** Under a count that has moved on a page is never asked for again. */
const PRESENT_SECONDS = 300
const ETAG_LENGTH = 24

/** A JSON text as it is sent, and the ETag it is sent with. */
export interface Page {
  etag: string
  body: Buffer
}

export const CACHE_OUTCOMES = ['hit', 'miss', 'bypass'] as const
export type CacheOutcome = (typeof CACHE_OUTCOMES)[number]

/** A page for one request; send-page.ts says what features give. */
export interface PageRequest {
  question: string
  isPast: boolean
  /** As the request found it, before anything else of it was read. */
  version: DataVersion
  /** As it is now; undefined when the asker may not ask any more. */
  readVersion: () => Promise<DataVersion | undefined>
  /** For whom a replica must hold what they have written. */
  reader: number
  read: (db: Queryable, past: KeptPast) => Promise<string>
}

/** What of a page is over, for who reads the rest of it. */
export interface KeptPast {
  /** The database's clock when the page was asked for, in seconds since 1970. */
  now: number
  /**
   * A part that changes only if the past does, and so is kept on its own. The past may have changed since it was read.
   *
   * @param question as that of a page
   */
  part: (question: string, read: (db: Queryable) => Promise<string>) => Promise<string>
}

/**
 * Pages of JSON, in the process before Redis before the database. A page is kept under the version of the data that it
 * shows, and looked for under the version that there is: none is ever taken for what it no longer is.
 */
export class PageCache {
  readonly #db: Db
  readonly #replica: Replica | undefined
  readonly #redis: Redis | undefined
  readonly #settled: SettledChanges
  readonly #local = new LocalPages()
  /** Pages being read; undefined comes out when what was read is for that one request only. */
  readonly #underWay = new Map<string, Promise<Page | undefined>>()

  constructor(db: Db, redis?: Redis, replica?: Replica) {
    this.#db = db
    this.#replica = replica
    this.#redis = redis
    this.#settled = new SettledChanges(db)
  }

  /** What is kept in this process. */
  peek(request: Pick<PageRequest, 'question' | 'isPast' | 'version'>): Page | undefined {
    return this.#local.get(keyOf(request), request.isPast)
  }

  async get(request: PageRequest): Promise<Page & { cache: CacheOutcome }> {
    const key = keyOf(request)
    const known = this.#local.get(key, request.isPast)
    if (known) return { ...known, cache: 'hit' }
    const underWay = this.#underWay.get(key)
    if (!underWay) return this.#lead(key, request)
    const page = await underWay
    return page ? { ...page, cache: 'hit' } : { ...(await this.#readUnkept(request)), cache: 'bypass' }
  }

  /** One request at a time looks for a page in Redis and reads it; those that come meanwhile wait for it. */
  async #lead(key: string, request: PageRequest): Promise<Page & { cache: CacheOutcome }> {
    const { promise, resolve, reject } = Promise.withResolvers<Page | undefined>()
    this.#underWay.set(key, promise)
    const end = () => this.#underWay.delete(key)
    promise.then(end, end) // and perhaps nobody waits
    try {
      const shared = await this.#find(key)
      if (shared) {
        this.#local.set(key, request, shared)
        resolve(shared)
        return { ...shared, cache: 'hit' }
      }
      const db = await this.#findSource(request)
      if (!db) {
        // Those who wait may have come after a change that this answer does not show.
        resolve(undefined)
        return { ...(await this.#readUnkept(request)), cache: 'bypass' }
      }
      const page = await this.#read(request, db)
      // Not waited for: this answer is right whatever happens meanwhile.
      this.#keepIfUnchanged(key, request, page).then(resolve, () => resolve(undefined))
      return { ...page, cache: 'miss' }
    } catch (error) {
      reject(error)
      throw error
    }
  }

  /** Where a page can be read that may be kept, because all that its version counts can be seen there. */
  async #findSource({ isPast, version, reader }: PageRequest): Promise<Queryable | undefined> {
    if (isPast && version.incarnation !== null) return this.#db
    const settled = await this.#settled.find(version)
    if (settled === undefined) return undefined
    const db = await this.#readerFor(reader)
    return db === this.#db || this.#replica?.hasReplayed(settled) ? db : undefined
  }

  async #read(request: PageRequest, db: Queryable): Promise<Page> {
    const part: KeptPast['part'] = async (question, read) =>
      (await this.get({ ...request, question, isPast: true, read })).body.toString()
    const body = Buffer.from(await request.read(db, { now: request.version.now, part }))
    // A strong one (RFC 9110, 8.8.3): of the bytes.
    const digest = hash('sha256', body, 'base64url')
    return { etag: `"${digest.slice(0, ETAG_LENGTH - 2)}"`, body }
  }

  async #readUnkept(request: PageRequest): Promise<Page> {
    return this.#read(request, await this.#readerFor(request.reader))
  }

  async #readerFor(reader: number): Promise<Queryable> {
    return this.#replica?.readerFor(reader) ?? this.#db
  }

  /** What changed while the page was read may be in it or not, and it may be of another scope. */
  async #keepIfUnchanged(key: string, request: PageRequest, page: Page) {
    const { readVersion, isPast } = request
    const version = await readVersion()
    if (!version || keyOf({ ...request, version }) !== key) return undefined
    this.#local.set(key, request, page)
    const bytes = Buffer.concat([Buffer.from(page.etag), page.body])
    this.#redis?.set(redisKey(key), bytes, isPast ? PAST_SECONDS : PRESENT_SECONDS).catch(() => {})
    return page
  }

  async #find(key: string): Promise<Page | undefined> {
    const bytes = await this.#redis?.getBytes(redisKey(key)).catch(() => null)
    if (!bytes) return undefined
    return { etag: bytes.toString('latin1', 0, ETAG_LENGTH), body: bytes.subarray(ETAG_LENGTH) }
  }
}

/**
 * Of pages that show the present, those under the last count of changes: no other is asked for again, and what is let go of
 * early costs no full collection.
 */
class LocalPages {
  readonly #past = keepPages()
  readonly #present = keepPages()
  #changes = 0

  get(key: string, isPast: boolean): Page | undefined {
    return (isPast ? this.#past : this.#present).get(key)
  }

  set(key: string, { isPast, version: { changes } }: PageRequest, page: Page): void {
    if (changes !== this.#changes) this.#present.clear()
    this.#changes = changes
    ;(isPast ? this.#past : this.#present).set(key, page)
  }
}

const keepPages = () =>
  new LRUCache<string, Page>({
    maxSize: MAX_BYTES_IN_PROCESS / 2,
    sizeCalculation: ({ body }, key) => body.length + key.length + ENTRY_BYTES,
  })

function keyOf({ question, isPast, version }: Pick<PageRequest, 'question' | 'isPast' | 'version'>): string {
  const { incarnation, past, changes, scope } = version
  return `${incarnation} ${past} ${isPast ? '' : changes} ${scope} ${question}`
}

const redisKey = (key: string) => `tasklog:page:${hash('sha256', key, 'base64url')}`

import { findSettledPosition, renewIncarnation } from './data-version-queries.ts'
import type { Queryable } from './db.ts'
import { TurnBatch } from './turn-batch.ts'

/** What is kept may depend on, as it was when a request had arrived. */
export interface VersionRow {
  /** Which life of the database the counts are of; null between a crash and the first page to be kept. */
  incarnation: string | null
  /** Counts the changes of anything a list shows, also those that are not committed yet. */
  changes: number
  /** Counts the changes of what has been. */
  past: string
  /** The database's clock, in seconds since 1970. */
  now: number
  /** Counts the changes of what decides who may do what. */
  access: string
}

/**
 * What a list depends on beside its question; docs/decisions/0008-lists-kept-under-a-count-of-changes.md has the proof.
 */
export interface DataVersion extends VersionRow {
  /** What the asker may read: the same for everybody who may read the same. */
  scope: string
}

/** Tells whether all that had been counted can be seen by now. */
export class SettledChanges {
  readonly #db: Queryable
  readonly #checks: TurnBatch<DataVersion, string | undefined>
  /** What is settled stays so. */
  #known: { incarnation: string | null; changes: number; lsn: string } = { incarnation: null, changes: 0, lsn: '' }

  constructor(db: Queryable) {
    this.#db = db
    this.#checks = new TurnBatch((versions) => this.#check([...versions.keys()]))
  }

  /** @returns a position in the write-ahead log that all of it lies before; undefined while some is not committed */
  async find(version: DataVersion): Promise<string | undefined> {
    if (version.incarnation === null) {
      await renewIncarnation(this.#db)
      return undefined
    }
    const { incarnation, changes, lsn } = this.#known
    if (version.incarnation === incarnation && version.changes <= changes) return lsn
    return this.#checks.join(version)
  }

  async #check(versions: DataVersion[]): Promise<string | undefined> {
    const lsn = await findSettledPosition(this.#db)
    if (lsn === undefined) return undefined
    for (const { incarnation, changes } of versions) {
      const isLater = incarnation !== this.#known.incarnation || changes > this.#known.changes
      if (isLater) this.#known = { incarnation, changes, lsn }
    }
    return lsn
  }
}

import { LRUCache } from 'lru-cache'
import type { Context } from '../platform/context.ts'
import type { DataVersion, VersionRow } from '../platform/data-version.ts'
import { findVersion } from '../platform/data-version-queries.ts'
import { TurnBatch } from '../platform/turn-batch.ts'
import type { Actor } from './actor.ts'
import { findActors } from './session-queries.ts'

const MAX_REMEMBERED = 20_000

export interface FoundActor {
  actor: Actor
  version: DataVersion
}

/** A session as it was read, which it still is while `access` stays the same. */
interface KnownSession {
  actor: Actor
  scope: string
  access: string
  /** Seconds since 1970. */
  expires: number
}

/**
 * Asks the database on every request whether anything has changed that decides who may do what, so that a logout, a new
 * password, a disabled user or another role counts from the next request on, in every process. Only where something has, or
 * who asks is not known yet, their session is read. Requests that arrive together share one statement (measured:
 * bench/session-check.ts).
 */
export class ActorLookup {
  readonly #known = new LRUCache<string, KnownSession>({ max: MAX_REMEMBERED })
  readonly #versions: TurnBatch<'version', VersionRow>
  readonly #sessions: TurnBatch<string, Map<string, FoundActor>>

  /** @param scopeSql what the user `u` may read, as SQL for one text */
  constructor({ db }: Pick<Context, 'db'>, scopeSql = "''") {
    this.#versions = new TurnBatch(() => findVersion(db))
    this.#sessions = new TurnBatch(async (ids) => {
      const rows = await findActors(db, [...ids.keys()], scopeSql)
      return new Map(rows.map((row) => [row.session_id, this.#remember(row)]))
    })
  }

  async find(sessionId: string): Promise<FoundActor | undefined> {
    return (await this.findAll([sessionId])).get(sessionId)
  }

  /** @returns who has a session that lives, by its id */
  async findAll(sessionIds: Iterable<string>): Promise<Map<string, FoundActor>> {
    const version = await this.#versions.join('version')
    const found = new Map<string, FoundActor>()
    const unknown: string[] = []
    for (const id of sessionIds) {
      const known = this.#known.get(id)
      if (known?.access !== version.access || known.expires <= version.now) unknown.push(id)
      else found.set(id, { actor: known.actor, version: { ...version, scope: known.scope } })
    }
    if (unknown.length === 0) return found
    return new Map([...found, ...(await this.#sessions.joinAll(unknown))])
  }

  #remember(row: Awaited<ReturnType<typeof findActors>>[number]): FoundActor {
    const { session_id: sessionId, id, username, role, expires, ...version } = row
    const actor = { id, username, role, sessionId }
    this.#known.set(sessionId, { actor, scope: version.scope, access: version.access, expires })
    return { actor, version }
  }
}

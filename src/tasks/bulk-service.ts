import { randomUUID } from 'node:crypto'
import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import type { Queryable } from '../platform/db.ts'
import { type AppError, writeConflict } from '../platform/errors.ts'
import { sqlState, UNIQUE_VIOLATION } from '../platform/sql-state.ts'
import * as queries from './bulk-change-queries.ts'
import { MAX_TASKS } from './bulk-schemas.ts'
import { externalIdTaken, taskNotFound, tooManyTasks } from './errors.ts'
import { filterSql, type TaskFilter } from './filter-queries.ts'
import type { TaskFields } from './queries.ts'
import { MAX_ATTEMPTS, refusalOf, targetRefusal, withLabelSet } from './service.ts'

/** A task that a request over many left as it was, with the code and the sentence that a request for it alone gets. */
export interface Refused {
  id: number
  code: string
  detail: string
}

export function refused(id: number, { code, message }: AppError): Refused {
  return { id, code, detail: message }
}

/** Which tasks a request is about: those named, or those that a filter of the list matches. */
export type Choice = { ids: number[] } | { filter: TaskFilter }

type Matching = NonNullable<queries.Selection['matching']>

type Write = (tx: Queryable, selection: queries.Selection) => Promise<queries.Written[]>

interface Outcome {
  written: queries.Written[]
  unchanged: number[]
  refused: Refused[]
}

interface Work {
  /** The tasks it is about. */
  find(tx: Queryable): Promise<number[]>
  /** One statement, that writes those of them that can be written. */
  write(tx: Queryable, ids: number[]): Promise<queries.Written[]>
  /** Sorts tasks that were not written into `outcome`. @returns those nothing stands in the way of */
  explain(tx: Queryable, ids: number[], outcome: Outcome): Promise<number[]>
}

/** Merges `input` into each of the tasks; a task that it would leave as it is gets no version. */
export async function changeTasks(ctx: Context, actor: Actor, choice: Choice, input: TaskFields) {
  const changes = withLabelSet(input)
  const write: Write = (tx, selection) => queries.updateTasks(tx, actor, selection, changes)
  const { written, ...rest } = await writeChosen(ctx, actor, choice, changes, write)
  return { changed: written, ...rest }
}

/** Moves the tasks into the trash under one id, by which they can be restored together; null when none was. */
export async function deleteTasks(ctx: Context, actor: Actor, choice: Choice) {
  const deletionId = randomUUID()
  const write: Write = (tx, selection) => queries.softDeleteTasks(tx, actor, selection, deletionId)
  const { written, refused } = await writeChosen(ctx, actor, choice, undefined, write)
  return { deleted: written, deletion_id: written.length > 0 ? deletionId : null, refused }
}

function writeChosen(
  ctx: Context,
  actor: Actor,
  choice: Choice,
  changes: TaskFields | undefined,
  write: Write,
): Promise<Outcome> {
  const work = (find: Work['find'], matching?: Matching) =>
    writeMany(ctx, {
      find,
      write: (tx, ids) => write(tx, { ids, matching }),
      explain: (tx, ids, outcome) => explain(tx, actor, { ids, matching }, changes, outcome),
    })
  if ('ids' in choice) return work(async () => choice.ids)
  const matching: Matching = (bind) => filterSql(choice.filter, ctx.config.timeZone, bind)
  return work((tx) => findMatching(tx, actor, matching), matching)
}

/**
 * One statement writes what can be written, a second one says of each of the others why not; both in one transaction.
 * What stood in a task's way may be gone by then: the write is tried again with those.
 */
export function writeMany(ctx: Context, { find, write, explain }: Work): Promise<Outcome> {
  return retryingTakenKey(() =>
    ctx.db.transaction(async (tx) => {
      const outcome: Outcome = { written: [], unchanged: [], refused: [] }
      let open = await find(tx)
      for (let attempt = 0; attempt < MAX_ATTEMPTS && open.length > 0; attempt++) {
        const written = await write(tx, open)
        outcome.written.push(...written)
        const done = new Set(written.map(({ id }) => id))
        const left = open.filter((id) => !done.has(id))
        open = left.length > 0 ? await explain(tx, left, outcome) : left
      }
      outcome.refused.push(...open.map((id) => refused(id, writeConflict())))
      return sorted(outcome)
    }),
  )
}

/** @throws AppError TOO_MANY_TASKS (409) */
async function findMatching(tx: Queryable, actor: Actor, matching: Matching) {
  const ids = await queries.findMatching(tx, actor, matching, MAX_TASKS + 1)
  if (ids.length > MAX_TASKS) throw tooManyTasks(MAX_TASKS)
  return ids
}

async function explain(
  tx: Queryable,
  actor: Actor,
  left: queries.Selection,
  changes: TaskFields | undefined,
  outcome: Outcome,
): Promise<number[]> {
  const found = new Map((await queries.explainRefusals(tx, actor, left, changes ?? {})).map((row) => [row.id, row]))
  const open: number[] = []
  for (const id of left.ids) {
    const row = found.get(id)
    // Nobody asked for a task that does not match, or that they may not see.
    if (!row && left.matching) continue
    const obstacle = row ? obstacleOf(row, changes ?? {}) : taskNotFound(String(id))
    if (obstacle) outcome.refused.push(refused(id, obstacle))
    else if (changes && row?.unchanged) outcome.unchanged.push(id)
    else open.push(id)
  }
  return open
}

function sorted({ written, unchanged, refused }: Outcome): Outcome {
  return {
    written: written.sort((a, b) => a.id - b.id),
    unchanged: unchanged.sort((a, b) => a - b),
    refused: refused.sort((a, b) => a.id - b.id),
  }
}

function obstacleOf(row: queries.LeftTask, changes: TaskFields): AppError | undefined {
  const refusal = refusalOf(row) ?? targetRefusal(row, changes)
  return refusal ?? (row.key_taken ? externalIdTaken(row.external_id) : undefined)
}

/** Somebody took an external_id between the look and the write: all was undone, and the next look sees it. */
export async function retryingTakenKey<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (sqlState(error) !== UNIQUE_VIOLATION) throw error
      if (attempt === MAX_ATTEMPTS) throw writeConflict(error)
    }
  }
}

import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { TurnBatch } from '../platform/turn-batch.ts'
import { actorKind } from '../projects/index.ts'
import { taskNotFound } from './errors.ts'
import { type AskedTask, findTasks, type TaskText } from './queries.ts'

type Batch = TurnBatch<AskedTask, Map<AskedTask | undefined, TaskText>>

/** Single tasks: those that are asked for together are read by one statement, as sessions are. */
export class TaskLookup {
  /** By kind of actor, as the statements differ. */
  readonly #batches = new Map<string, Batch>()
  readonly #db: Context['db']

  constructor({ db }: Pick<Context, 'db'>) {
    this.#db = db
  }

  /** @throws AppError TASK_NOT_FOUND (404), also for one the actor may not see */
  async get(actor: Actor, id: string): Promise<TaskText> {
    const asked = { actor, id }
    const task = (await this.#batchFor(actor).join(asked)).get(asked)
    if (!task) throw taskNotFound(id)
    return task
  }

  #batchFor(actor: Actor): Batch {
    const kind = actorKind(actor)
    const batch = this.#batches.get(kind) ?? new TurnBatch((asked) => findTasks(this.#db, [...asked.keys()]))
    this.#batches.set(kind, batch)
    return batch
  }
}

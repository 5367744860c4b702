import cluster, { type Worker } from 'node:cluster'
import { AggregatorRegistry } from 'prom-client'

/** A process that does not answer by then is left out: metrics are there to tell of such. */
const ONE_MS = 1_000
/** Without an answer of the main process by then, a process tells of itself alone. */
const ALL_MS = 2_000

type Numbers = Awaited<ReturnType<InstanceType<typeof AggregatorRegistry>['getMetricsAsJSON']>>

/** Between the main process and those it has started. `id` is the asker's own number for its question. */
type Message =
  | { tasklog: 'ask for all'; id: number }
  | { tasklog: 'all'; id: number; text: string }
  | { tasklog: 'ask for one'; id: number }
  | { tasklog: 'one'; id: number; numbers: Numbers }

const isOurs = (message: unknown): message is Message =>
  typeof message === 'object' && message !== null && 'tasklog' in message

/** Questions that wait for their answer. */
class Questions<Answer> {
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  readonly #answerMs: number
  #last = 0

  constructor(answerMs: number) {
    this.#answerMs = answerMs
  }

  /** @returns undefined when there is no answer in time */
  async ask(send: (id: number) => void): Promise<Answer | undefined> {
    const id = ++this.#last
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>()
    const timer = setTimeout(() => resolve(undefined), this.#answerMs)
    this.#waiting.set(id, resolve)
    send(id)
    return promise.finally(() => {
      clearTimeout(timer)
      this.#waiting.delete(id)
    })
  }

  answer(id: number, answer: Answer): void {
    this.#waiting.get(id)?.(answer)
  }
}

/** In the main process: whoever of the others is asked for metrics tells those of all, each under its label `process`. */
export function gatherMetrics(): void {
  const questions = new Questions<Numbers>(ONE_MS)
  const tellAll = async (asker: Worker, id: number) => {
    const answers = await Promise.all(connected().map((one) => questions.ask((of) => tell(one, 'ask for one', of))))
    const all = AggregatorRegistry.aggregate(answers.filter((numbers) => numbers !== undefined).map(apart))
    if (asker.isConnected()) asker.send({ tasklog: 'all', id, text: await all.metrics() } satisfies Message)
  }
  cluster.on('message', (asker: Worker, message: unknown) => {
    if (!isOurs(message)) return
    if (message.tasklog === 'one') questions.answer(message.id, message.numbers)
    // Whoever waits in vain tells of itself alone.
    if (message.tasklog === 'ask for all') tellAll(asker, message.id).catch(() => {})
  })
}

/** The label `process` makes each number one of its own: there is nothing to add up, and nothing that has no sum to leave out. */
function apart(numbers: Numbers): Numbers {
  return numbers.map((metric) => ({ ...metric, aggregator: 'sum' }))
}

const connected = () => Object.values(cluster.workers ?? {}).filter((one): one is Worker => one?.isConnected() ?? false)

function tell(one: Worker, tasklog: 'ask for one', id: number): void {
  one.send({ tasklog, id } satisfies Message, () => {}) // it may end at this moment
}

/** In one of several processes: tells its own numbers when asked. @returns the text of all, undefined when it does not come */
export function shareMetrics(numbers: () => Promise<Numbers>): () => Promise<string | undefined> {
  const questions = new Questions<string>(ALL_MS)
  const tellOwn = async (id: number) => send({ tasklog: 'one', id, numbers: await numbers() })
  process.on('message', (message) => {
    if (!isOurs(message)) return
    if (message.tasklog === 'all') questions.answer(message.id, message.text)
    if (message.tasklog === 'ask for one') tellOwn(message.id).catch(() => {})
  })
  return () => questions.ask((id) => send({ tasklog: 'ask for all', id }))
}

function send(message: Message): void {
  if (process.connected) process.send?.(message)
}

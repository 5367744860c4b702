import type { FastifyBaseLogger } from 'fastify'

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const

/** The log of one request, whose lines carry its id. Most requests say nothing, and then it costs nothing. */
class RequestLog {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: object
  #made: FastifyBaseLogger | undefined

  constructor(parent: FastifyBaseLogger, bindings: object) {
    this.#parent = parent
    this.#bindings = bindings
  }

  get made(): FastifyBaseLogger {
    this.#made ??= this.#parent.child(this.#bindings)
    return this.#made
  }

  get level() {
    return this.made.level
  }

  child(...args: Parameters<FastifyBaseLogger['child']>) {
    return this.made.child(...args)
  }
}

for (const level of LEVELS) {
  Object.defineProperty(RequestLog.prototype, level, {
    value(this: RequestLog, ...args: Parameters<FastifyBaseLogger['info']>) {
      this.made[level](...args)
    },
  })
}

export const requestLog = (parent: FastifyBaseLogger, bindings: object) =>
  new RequestLog(parent, bindings) as unknown as FastifyBaseLogger

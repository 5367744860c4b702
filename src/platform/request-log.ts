import type { FastifyBaseLogger } from 'fastify'

/** The log of one request, whose lines carry its id. Most requests say nothing, and then it costs nothing. */
export class RequestLog {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: object
  #child: FastifyBaseLogger | undefined

  constructor(parent: FastifyBaseLogger, bindings: object) {
    this.#parent = parent
    this.#bindings = bindings
  }

  get #log(): FastifyBaseLogger {
    this.#child ??= this.#parent.child(this.#bindings)
    return this.#child
  }

  get level() {
    return this.#log.level
  }

  child(...args: Parameters<FastifyBaseLogger['child']>) {
    return this.#log.child(...args)
  }

  fatal(...args: Parameters<FastifyBaseLogger['fatal']>) {
    this.#log.fatal(...args)
  }

  error(...args: Parameters<FastifyBaseLogger['error']>) {
    this.#log.error(...args)
  }

  warn(...args: Parameters<FastifyBaseLogger['warn']>) {
    this.#log.warn(...args)
  }

  info(...args: Parameters<FastifyBaseLogger['info']>) {
    this.#log.info(...args)
  }

  debug(...args: Parameters<FastifyBaseLogger['debug']>) {
    this.#log.debug(...args)
  }

  trace(...args: Parameters<FastifyBaseLogger['trace']>) {
    this.#log.trace(...args)
  }
}

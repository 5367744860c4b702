import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import { inPassing } from './answer-limit.ts'
import type { Config, Quota } from './config.ts'
import type { Database } from './db.ts'
import { tooManyRequests } from './errors.ts'
import type { Redis } from './redis.ts'
import { TurnBatch } from './turn-batch.ts'

export type LimitName = keyof Config['quotas']

/** What a limiter answered, for the `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers). */
export interface LimitState {
  /** The name in headers, and with the quota beside it. */
  title: string
  policy: string
  remaining: number
  /** Seconds until the window ends. */
  reset: number
  exceeded: boolean
}

/**
 * Counts of attempts to log in must survive a restart and an emptied Redis, and be the same in every process; next to a
 * password hash a statement costs nothing. Everything else is counted in Redis, or in the process while Redis is away.
 */
const DURABLE: ReadonlySet<LimitName> = new Set(['loginPerAccount', 'loginPerAddress'])

export class RateLimits {
  readonly #limits: Map<LimitName, Limit>

  constructor(quotas: Config['quotas'], db: Database, redis: Redis | undefined) {
    const names = Object.keys(quotas) as LimitName[]
    this.#limits = new Map(names.map((name) => [name, new Limit(name, quotas[name], db, redis)]))
  }

  /** Counts one attempt, also when it is over the limit. */
  async consume(name: LimitName, key: string): Promise<LimitState> {
    return (await this.consumeAll(name, [key]))[0] as LimitState
  }

  /** One attempt for each of the keys, in their order. */
  consumeAll(name: LimitName, keys: string[]): Promise<LimitState[]> {
    return this.#get(name).consumeAll(keys)
  }

  /** Takes one attempt back, if it can: what it was counted for is neither failed nor held up by that. */
  async refund(name: LimitName, key: string): Promise<void> {
    await inPassing(this.#get(name).limiter.reward(key, 1))
  }

  /** Forgets every attempt of this key, likewise. */
  async forget(name: LimitName, key: string): Promise<void> {
    await inPassing(this.#get(name).limiter.delete(key))
  }

  #get(name: LimitName): Limit {
    const limit = this.#limits.get(name)
    if (!limit) throw new Error(`no limit is named ${name}`)
    return limit
  }
}

/** How far a key has been counted. */
interface Count {
  consumed: number
  msBeforeNext: number
}

class Limit {
  /** In the database or in the process. */
  readonly limiter: RateLimiterAbstract
  readonly #name: LimitName
  readonly #quota: Quota
  readonly #title: string
  readonly #policy: string
  readonly #redis: Redis | undefined
  /** Attempts that come together are counted in one question; its answer tells how far each key had been counted before. */
  readonly #counts: TurnBatch<string, Map<string, Count>>

  constructor(name: LimitName, quota: Quota, db: Database, redis: Redis | undefined) {
    const isDurable = DURABLE.has(name)
    this.#name = name
    this.#quota = quota
    this.#title = kebab(name)
    this.#policy = `"${this.#title}";q=${quota.points};w=${quota.seconds}`
    this.#redis = isDurable ? undefined : redis
    this.limiter = createLimiter(name, quota, isDurable ? db : undefined)
    this.#counts = new TurnBatch((attempts) => this.#count(attempts))
  }

  async consumeAll(keys: string[]): Promise<LimitState[]> {
    const counts = await this.#counts.joinAll(keys)
    return keys.map((key) => this.#stateOf(key, counts))
  }

  #stateOf(key: string, counts: Map<string, Count>): LimitState {
    const count = counts.get(key)
    if (!count) throw new Error('an attempt was not counted')
    // As if those that came together had been counted one after the other.
    const consumed = ++count.consumed
    return {
      title: this.#title,
      policy: this.#policy,
      remaining: Math.max(0, this.#quota.points - consumed),
      reset: Math.max(1, Math.ceil(count.msBeforeNext / 1_000)),
      exceeded: consumed > this.#quota.points,
    }
  }

  /** @returns how far each key had been counted before these attempts */
  async #count(attempts: Map<string, number>): Promise<Map<string, Count>> {
    const counts = await this.#countInRedis(attempts)
    for (const [key, count] of counts) count.consumed -= attempts.get(key) ?? 0
    return counts
  }

  async #countInRedis(attempts: Map<string, number>): Promise<Map<string, Count>> {
    if (!this.#redis?.isReady) return this.#countByLimiter(attempts)
    const keys = [...attempts.keys()].map((key) => `tasklog:limit:${this.#name}:${key}`)
    const values = [this.#quota.seconds, ...attempts.values()].map(String)
    try {
      const answer = (await this.#redis.eval(COUNT, { keys, arguments: values })) as number[]
      const countOf = (i: number) => ({ consumed: answer[2 * i] ?? 0, msBeforeNext: answer[2 * i + 1] ?? 0 })
      return new Map([...attempts.keys()].map((key, i) => [key, countOf(i)]))
    } catch {
      return this.#countByLimiter(attempts)
    }
  }

  async #countByLimiter(attempts: Map<string, number>): Promise<Map<string, Count>> {
    const countOne = async (key: string, points: number): Promise<[string, Count]> => {
      const { consumedPoints, msBeforeNext } = await this.limiter.consume(key, points).catch(refusalOf)
      return [key, { consumed: consumedPoints, msBeforeNext }]
    }
    return new Map(await Promise.all([...attempts].map(([key, points]) => countOne(key, points))))
  }
}

/** Many keys of one limit in one command: a window begins with the first attempt in it. */
const COUNT = `
local answer = {}
for i, key in ipairs(KEYS) do
  redis.call('set', key, 0, 'EX', ARGV[1], 'NX')
  answer[2 * i - 1] = redis.call('incrby', key, ARGV[i + 1])
  answer[2 * i] = redis.call('pttl', key)
end
return answer`

function refusalOf(refusal: unknown): RateLimiterRes {
  if (refusal instanceof RateLimiterRes) return refusal
  throw refusal
}

function createLimiter(name: LimitName, quota: Quota, db: Database | undefined): RateLimiterAbstract {
  const base = { keyPrefix: name, points: quota.points, duration: quota.seconds }
  if (!db) return new RateLimiterMemory(base)
  return new RateLimiterPostgres({
    ...base,
    storeClient: db, // through it, so that a statement is tried again where others are
    storeType: 'pool',
    tableName: 'login_attempts',
    tableCreated: true,
    clearExpiredByTimeout: false,
  })
}

/** Header values for the policies that counted this request; the tightest decides `Retry-After`. */
export function limitHeaders(states: LimitState[]): Record<string, string> {
  return {
    'ratelimit-policy': states.map(({ policy }) => policy).join(', '),
    ratelimit: states.map(({ title, remaining, reset }) => `"${title}";r=${remaining};t=${reset}`).join(', '),
  }
}

/** @throws AppError QUOTA_EXCEEDED (429) when one of the states is over its quota */
export function refuseIfExceeded(states: LimitState[]): void {
  const over = states.filter((state) => state.exceeded)
  if (over.length === 0) return
  const wait = Math.max(...over.map((state) => state.reset))
  throw tooManyRequests(
    `Too many requests. Try again in ${wait} s.`,
    { ...limitHeaders(states), 'retry-after': String(wait) },
    over.map(({ title }) => title),
  )
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** The key an address is counted under: an IPv6 host owns a whole /64, so that is what is counted. */
export function addressKey(ip: string): string {
  if (!ip.includes(':')) return ip
  const groups = groupsOf(ip)
  const [high = 0, low = 0] = groups.slice(6)
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)
  if (isMapped) return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  const network = groups.slice(0, 4).map((group) => group.toString(16))
  return `${network.join(':')}::/64`
}

/** The eight groups of an IPv6 address, however it is written. */
function groupsOf(ip: string): number[] {
  const plain = ip.replace(/%.*/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number)
    return `${hex((a << 8) | b)}:${hex((c << 8) | d)}`
  })
  const [head = '', tail] = plain.split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail?.split(':').filter(Boolean) ?? []
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16))
}

const hex = (value: number) => value.toString(16)

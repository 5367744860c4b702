import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible'
import { inPassing } from './answer-limit.ts'
import type { Config, Quota } from './config.ts'
import type { Database } from './db.ts'
import { tooManyRequests } from './errors.ts'
import type { Redis } from './redis.ts'

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
  readonly #limiters: Map<LimitName, Limit>

  constructor(quotas: Config['quotas'], db: Database, redis: Redis | undefined) {
    const names = Object.keys(quotas) as LimitName[]
    this.#limiters = new Map(
      names.map((name) => [name, describe(name, quotas[name], createLimiter(name, quotas[name], db, redis))]),
    )
  }

  /** Counts one attempt, also when it is over the limit. Attempts under one key that come together are counted at once. */
  async consume(name: LimitName, key: string): Promise<LimitState> {
    const { quota, title, policy, underWay } = this.#get(name)
    const count = underWay.get(key) ?? this.#open(name, key)
    const place = ++count.attempts
    const answer = await count.answer
    // As if those that came together had been counted one after the other.
    const consumed = answer.consumedPoints - count.attempts + place
    return {
      title,
      policy,
      remaining: Math.max(0, quota.points - consumed),
      reset: Math.max(1, Math.ceil(answer.msBeforeNext / 1_000)),
      exceeded: consumed > quota.points,
    }
  }

  /** Counts those who come until nobody has anything left to do in this turn of the event loop. */
  #open(name: LimitName, key: string): Count {
    const { limiter, underWay } = this.#get(name)
    const { promise: closed, resolve: close } = Promise.withResolvers<void>()
    const count: Count = {
      attempts: 0,
      answer: closed.then(async () => {
        underWay.delete(key)
        return limiter.consume(key, count.attempts).catch((refusal: unknown) => {
          if (refusal instanceof RateLimiterRes) return refusal
          throw refusal
        })
      }),
    }
    underWay.set(key, count)
    process.nextTick(close)
    return count
  }

  /** Takes one attempt back, if it can: what it was counted for is neither failed nor held up by that. */
  async refund(name: LimitName, key: string): Promise<void> {
    await inPassing(this.#get(name).limiter.reward(key, 1))
  }

  /** Forgets every attempt of this key, likewise. */
  async forget(name: LimitName, key: string): Promise<void> {
    await inPassing(this.#get(name).limiter.delete(key))
  }

  #get(name: LimitName) {
    const entry = this.#limiters.get(name)
    if (!entry) throw new Error(`no limit is named ${name}`)
    return entry
  }
}

interface Limit extends Pick<LimitState, 'title' | 'policy'> {
  limiter: RateLimiterAbstract
  quota: Quota
  underWay: Map<string, Count>
}

interface Count {
  attempts: number
  answer: Promise<RateLimiterRes>
}

function describe(name: LimitName, quota: Quota, limiter: RateLimiterAbstract): Limit {
  const title = kebab(name)
  return { limiter, quota, underWay: new Map(), title, policy: `"${title}";q=${quota.points};w=${quota.seconds}` }
}

function createLimiter(name: LimitName, quota: Quota, db: Database, redis: Redis | undefined): RateLimiterAbstract {
  const base = { keyPrefix: name, points: quota.points, duration: quota.seconds }
  if (DURABLE.has(name)) {
    return new RateLimiterPostgres({
      ...base,
      storeClient: db, // through it, so that a statement is tried again where others are
      storeType: 'pool',
      tableName: 'login_attempts',
      tableCreated: true,
      clearExpiredByTimeout: false,
    })
  }
  const inProcess = new RateLimiterMemory(base)
  if (!redis) return inProcess
  return new RateLimiterRedis({
    ...base,
    keyPrefix: `tasklog:limit:${name}`,
    storeClient: redis,
    useRedisPackage: true,
    rejectIfRedisNotReady: true,
    insuranceLimiter: inProcess,
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

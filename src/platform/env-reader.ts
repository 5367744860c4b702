import { isIP } from 'node:net'

/** About 23 days. A timer that counts in the process holds little more, and ends at once when it is given too much. */
const MAX_QUOTA_SECONDS = 2_000_000

/** A setting that cannot be used; its message is the one sentence shown before exit code 1. */
export class ConfigError extends Error {}

/** A limit of `points` in `seconds`. */
export interface Quota {
  points: number
  seconds: number
}

/** Typed reads of environment variables. An empty value counts as absent, as in `NAME=` of an .env file. */
export class EnvReader {
  readonly #env: NodeJS.ProcessEnv

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env
  }

  text(name: string): string | undefined {
    return this.#env[name]?.trim() || undefined
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name)
    if (value === undefined) return fallback
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= min && number <= max)) {
      throw new ConfigError(`${name} must be a whole number from ${min} to ${max}, not "${value}".`)
    }
    return number
  }

  flag(name: string, fallback: boolean): boolean {
    return this.oneOf(name, ['true', 'false'], String(fallback)) === 'true'
  }

  oneOf(name: string, allowed: string[], fallback: string): string {
    const value = this.text(name) ?? fallback
    if (!allowed.includes(value)) throw new ConfigError(`${name} must be one of ${allowed.join(', ')}, not "${value}".`)
    return value
  }

  /** Never quotes the value: it usually holds a password. */
  url(name: string, protocols: string[]): string | undefined {
    const value = this.text(name)
    if (value !== undefined && !(URL.canParse(value) && protocols.includes(new URL(value).protocol))) {
      throw new ConfigError(`${name} must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}.`)
    }
    return value
  }

  /** Proxies are named by address, never by count: a count would trust whoever sends enough headers. */
  cidrs(name: string): string[] | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const cidrs = value.split(',').map((part) => part.trim())
    for (const cidr of cidrs) {
      if (!isCidr(cidr)) {
        throw new ConfigError(`${name} must be a comma-separated list of addresses or CIDR ranges, not "${value}".`)
      }
    }
    return cidrs
  }

  timeZone(name: string, fallback: string): string {
    const value = this.text(name) ?? fallback
    try {
      return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone
    } catch {
      throw new ConfigError(`${name} must be an IANA time zone such as Europe/Vienna, not "${value}".`)
    }
  }

  /** Written as points/seconds, for instance 10/900. */
  quota(name: string, fallback: Quota): Quota {
    const value = this.text(name)
    if (value === undefined) return fallback
    const match = /^([1-9]\d{0,8})\/([1-9]\d{0,6})$/.exec(value)
    if (!match) throw new ConfigError(`${name} must be written as points/seconds, for instance 10/900, not "${value}".`)
    const quota = { points: Number(match[1]), seconds: Number(match[2]) }
    if (quota.seconds > MAX_QUOTA_SECONDS) {
      throw new ConfigError(`${name} may count for at most ${MAX_QUOTA_SECONDS} seconds, not ${quota.seconds}.`)
    }
    return quota
  }
}

function isCidr(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
}

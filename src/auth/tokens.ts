import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { invalidRefreshToken, invalidToken } from './errors.ts'

const ISSUER = 'tasklog'
const AUDIENCE = 'tasklog-api'
const TYPE = 'at+jwt' // RFC 9068
const MAX_TOKEN_CHARACTERS = 2_048
const MAX_REMEMBERED = 20_000

export interface AccessClaims {
  userId: number
  sessionId: string
  /** Seconds since the epoch. */
  expires: number
}

/** A key and the name it goes by in the token header, so that a rotation accepts both until the old one is dropped. */
interface Key {
  id: string
  signing: Uint8Array
  refresh: Uint8Array
}

/** Makes and checks tokens. A token says only which session it belongs to; whether that still lives is asked elsewhere. */
export class Tokens {
  readonly #keys: Key[]
  readonly #lifetimeSeconds: number
  /** Verifying a signature costs more than the rest of a request, so it is done once a token. */
  readonly #verified = new LRUCache<string, AccessClaims>({ max: MAX_REMEMBERED })

  /**
   * @param secret signs; `previous` is still accepted
   * @param lifetimeSeconds of an access token
   */
  constructor(secret: string, previous: string | undefined, lifetimeSeconds: number) {
    this.#keys = [secret, previous].filter((text) => text !== undefined).map(deriveKey)
    this.#lifetimeSeconds = lifetimeSeconds
  }

  async signAccess(userId: number, sessionId: string): Promise<{ token: string; expiresIn: number }> {
    const key = this.#current()
    const token = await new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: 'HS256', typ: TYPE, kid: key.id })
      .setSubject(String(userId))
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(`${this.#lifetimeSeconds} s`)
      .sign(key.signing)
    return { token, expiresIn: this.#lifetimeSeconds }
  }

  /** @throws AppError INVALID_TOKEN (401) */
  async verifyAccess(token: string): Promise<AccessClaims> {
    if (token.length > MAX_TOKEN_CHARACTERS) throw invalidToken()
    const known = this.#verified.get(token)
    const claims = known ?? (await this.#verify(token))
    if (claims.expires <= Date.now() / 1_000) {
      this.#verified.delete(token)
      throw invalidToken()
    }
    if (!known) this.#verified.set(token, claims)
    return claims
  }

  async #verify(token: string): Promise<AccessClaims> {
    try {
      const { payload } = await jwtVerify(
        token,
        (header) => {
          const key = this.#keys.find((candidate) => candidate.id === header.kid)
          if (!key) throw new errors.JWSInvalid('unknown key')
          return key.signing
        },
        {
          algorithms: ['HS256'],
          issuer: ISSUER,
          audience: AUDIENCE,
          typ: TYPE,
          requiredClaims: ['sub', 'sid', 'exp', 'iat'],
        },
      )
      const { sub = '', sid, exp = 0 } = payload
      if (!/^\d{1,15}$/.test(sub) || typeof sid !== 'string' || !isUuid(sid)) throw invalidToken()
      return { userId: Number(sub), sessionId: sid, expires: exp }
    } catch {
      throw invalidToken()
    }
  }

  /** A refresh token is `session.generation.proof`; the proof needs the session's secret and ours, and is not stored. */
  refreshToken(sessionId: string, generation: number, sessionSecret: Uint8Array): string {
    return `${sessionId}.${generation}.${proof(this.#current(), sessionId, generation, sessionSecret)}`
  }

  isProofValid(parts: RefreshParts, sessionSecret: Uint8Array): boolean {
    const given = Buffer.from(parts.proof)
    return this.#keys.some((key) => {
      const expected = Buffer.from(proof(key, parts.sessionId, parts.generation, sessionSecret))
      return given.length === expected.length && timingSafeEqual(given, expected)
    })
  }

  #current(): Key {
    const key = this.#keys[0]
    if (!key) throw new Error('no signing key')
    return key
  }
}

export interface RefreshParts {
  sessionId: string
  generation: number
  proof: string
}

/** @throws AppError INVALID_REFRESH_TOKEN (401) when the text has not the shape of one */
export function parseRefreshToken(token: string): RefreshParts {
  const match = /^([0-9a-f-]{36})\.([1-9]\d{0,8})\.([\w-]{43})$/.exec(token)
  if (!match || !isUuid(match[1] ?? '')) throw invalidRefreshToken()
  return { sessionId: match[1] ?? '', generation: Number(match[2]), proof: match[3] ?? '' }
}

function deriveKey(secret: string): Key {
  return {
    id: createHash('sha256').update('tasklog-key-id').update(secret).digest('base64url').slice(0, 12),
    signing: new Uint8Array(hkdfSync('sha256', secret, '', 'tasklog-access-token', 32)),
    refresh: new Uint8Array(hkdfSync('sha256', secret, '', 'tasklog-refresh-token', 32)),
  }
}

function proof(key: Key, sessionId: string, generation: number, sessionSecret: Uint8Array): string {
  return createHmac('sha256', key.refresh)
    .update(sessionSecret)
    .update(`${sessionId}.${generation}`)
    .digest('base64url')
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text)
}

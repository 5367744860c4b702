import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { invalidRefreshToken, invalidToken } from './errors.ts'

const ISSUER = 'tasklog'
const AUDIENCE = 'tasklog-api'
const ACCESS = 'at+jwt' // RFC 9068
const DOWNLOAD = 'download+jwt'
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
    const token = await this.#sign(ACCESS, userId, { sid: sessionId }, this.#lifetimeSeconds)
    return { token, expiresIn: this.#lifetimeSeconds }
  }

  /** A token that is good for one address and nothing else. @param address path and query, as they will be asked for */
  signDownload(actor: { id: number; sessionId: string }, address: string, lifetimeSeconds: number): Promise<string> {
    return this.#sign(DOWNLOAD, actor.id, { sid: actor.sessionId, address: digest(address) }, lifetimeSeconds)
  }

  #sign(type: string, userId: number, claims: JWTPayload, lifetimeSeconds: number): Promise<string> {
    const key = this.#current()
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: type, kid: key.id })
      .setSubject(String(userId))
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(`${lifetimeSeconds} s`)
      .sign(key.signing)
  }

  /** @param authorization the header (RFC 6750). @throws AppError INVALID_TOKEN (401) */
  async verifyHeader(authorization: string): Promise<AccessClaims> {
    const match = /^Bearer +([\w~+/.-]+=*)$/i.exec(authorization)
    if (!match?.[1]) throw invalidToken()
    return this.verifyAccess(match[1])
  }

  /** @throws AppError INVALID_TOKEN (401) */
  async verifyAccess(token: string): Promise<AccessClaims> {
    if (token.length > MAX_TOKEN_CHARACTERS) throw invalidToken()
    const known = this.#verified.get(token)
    const claims = known ?? claimsOf(await this.#verify(token, ACCESS))
    if (claims.expires <= Date.now() / 1_000) {
      this.#verified.delete(token)
      throw invalidToken()
    }
    if (!known) this.#verified.set(token, claims)
    return claims
  }

  /** @throws AppError INVALID_TOKEN (401), also when it was made for another address */
  async verifyDownload(token: string, address: string): Promise<AccessClaims> {
    const payload = await this.#verify(token, DOWNLOAD)
    if (payload.address !== digest(address)) throw invalidToken()
    return claimsOf(payload)
  }

  async #verify(token: string, type: string): Promise<JWTPayload> {
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
          typ: type,
          requiredClaims: ['sub', 'sid', 'exp', 'iat'],
        },
      )
      return payload
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

/** @throws AppError INVALID_TOKEN (401) */
function claimsOf({ sub = '', sid, exp = 0 }: JWTPayload): AccessClaims {
  if (!/^\d{1,15}$/.test(sub) || typeof sid !== 'string' || !isUuid(sid)) throw invalidToken()
  return { userId: Number(sub), sessionId: sid, expires: exp }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')

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

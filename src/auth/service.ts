import { randomBytes, randomUUID } from 'node:crypto'
import type { Context } from '../platform/context.ts'
import { invalidField } from '../platform/errors.ts'
import { addressKey, refuseIfExceeded } from '../platform/rate-limit.ts'
import type { Actor } from './actor.ts'
import {
  invalidCredentials,
  invalidRefreshToken,
  registrationClosed,
  sessionNotFound,
  usernameTaken,
  wrongCurrentPassword,
} from './errors.ts'
import { checkPassword, PasswordHasher } from './passwords.ts'
import * as queries from './queries.ts'
import * as sessions from './session-queries.ts'
import { parseRefreshToken, Tokens } from './tokens.ts'

/** Where a session was opened from, shown to its owner. */
export interface Client {
  address: string
  userAgent: string | undefined
}

export interface TokenPair {
  access_token: string
  token_type: 'Bearer'
  expires_in: number
  refresh_token: string
}

export interface NewUser {
  username: string
  email?: string | null
  password: string
}

/** Words that filters give a meaning: `assigned_user=me`, `assigned_user=none`. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['me', 'none'])

/** The use cases of accounts and sessions. */
export class AuthService {
  readonly tokens: Tokens
  readonly #ctx: Context
  readonly #hasher: PasswordHasher

  constructor(ctx: Context) {
    const { jwtSecretKey, jwtSecretKeyPrevious, accessTokenSeconds, passwordHashesInFlight } = ctx.config
    if (!jwtSecretKey) throw new Error('no JWT_SECRET_KEY; the command that starts the server makes one if need be')
    this.#ctx = ctx
    this.tokens = new Tokens(jwtSecretKey, jwtSecretKeyPrevious, accessTokenSeconds)
    this.#hasher = new PasswordHasher(passwordHashesInFlight)
  }

  /** Registration by the person themselves; the role is always `user`. */
  async register(input: NewUser): Promise<queries.UserRow> {
    if (!this.#ctx.config.registrationOpen) throw registrationClosed()
    return this.createUser(input, 'user')
  }

  /** @throws AppError USERNAME_TAKEN (409), INVALID_REQUEST (400) for a weak password */
  async createUser(input: NewUser, role: queries.Role, isDemo = false): Promise<queries.UserRow> {
    if (RESERVED_NAMES.has(input.username.toLowerCase())) throw invalidField('body', 'username', 'is reserved')
    if (!isDemo) checkPassword(input.password, input.username)
    const passwordHash = await this.#hasher.hash(input.password)
    const { username, email = null } = input
    const user = await queries.insertUser(this.#ctx.db, { username, email, role, passwordHash, isDemo })
    if (!user) throw usernameTaken(username)
    return user
  }

  /**
   * Attempts are counted before the password is looked at, by address and by account, in the database: they hold under
   * parallel attempts, across processes and restarts. Success clears the account's count. An address over its limit is
   * refused first: what it goes on trying locks nobody's account.
   */
  async login(username: string, password: string, client: Client): Promise<TokenPair> {
    const { limits, metrics, db } = this.#ctx
    const account = accountKey(username)
    const address = addressKey(client.address)
    refuseIfExceeded([await limits.consume('loginPerAddress', address)])
    refuseIfExceeded([await limits.consume('loginPerAccount', account)])
    const user = await queries.findCredentials(db, account)
    const matches = await this.#hasher.verify(user?.password_hash, password)
    if (!user || !matches || user.disabled_at) {
      metrics.logins.inc({ outcome: 'refused' })
      throw invalidCredentials()
    }
    const tokens = await this.#openSession(user, client)
    metrics.logins.inc({ outcome: 'accepted' })
    await Promise.all([limits.forget('loginPerAccount', account), limits.refund('loginPerAddress', address)])
    return tokens
  }

  /** @param user as they were when the password matched */
  async #openSession(user: { id: number; password_hash: string }, client: Client): Promise<TokenPair> {
    const id = randomUUID()
    const secret = randomBytes(32)
    const isOpen = await sessions.insertSession(this.#ctx.db, {
      id,
      userId: user.id,
      passwordHash: user.password_hash,
      secret,
      days: this.#ctx.config.sessionDays,
      userAgent: client.userAgent?.slice(0, 300) ?? null,
      address: client.address,
    })
    if (!isOpen) throw invalidCredentials()
    return this.#pair(user.id, id, 1, secret)
  }

  async #pair(userId: number, sessionId: string, generation: number, secret: Uint8Array): Promise<TokenPair> {
    const access = await this.tokens.signAccess(userId, sessionId)
    return {
      access_token: access.token,
      token_type: 'Bearer',
      expires_in: access.expiresIn,
      refresh_token: this.tokens.refreshToken(sessionId, generation, secret),
    }
  }

  /**
   * Rotation: each refresh token works once. Its immediate predecessor is answered with the same successor for ten seconds
   * (a lost reply, two tabs); any older or later use means it was stolen and ends the session (RFC 9700, 4.14.2).
   */
  async refresh(refreshToken: string): Promise<TokenPair> {
    const parts = parseRefreshToken(refreshToken)
    const outcome = await this.#ctx.db.transaction(async (tx) => {
      const session = await sessions.lockSession(tx, parts.sessionId)
      if (!session?.alive || !this.tokens.isProofValid(parts, session.secret)) return undefined
      const age = session.generation - parts.generation
      if (age === 0) await sessions.rotateSession(tx, parts.sessionId)
      else if (age !== 1 || !session.within_grace) {
        // Returned, not thrown: the revocation must be committed.
        await sessions.revokeSession(tx, session.user_id, parts.sessionId, 'reuse')
        this.#ctx.log.warn({ userId: session.user_id, session: parts.sessionId }, 'refresh token reused; session ended')
        return undefined
      }
      return { userId: session.user_id, secret: session.secret, generation: parts.generation + 1 }
    })
    if (!outcome) throw invalidRefreshToken()
    return this.#pair(outcome.userId, parts.sessionId, outcome.generation, outcome.secret)
  }

  async logout(actor: Actor): Promise<void> {
    await sessions.revokeSession(this.#ctx.db, actor.id, actor.sessionId, 'logout')
  }

  /** Ends every other session of the user. A wrong current password counts as an attempt to log in. */
  async changePassword(actor: Actor, current: string, next: string): Promise<void> {
    const { limits, db } = this.#ctx
    const account = accountKey(actor.username)
    refuseIfExceeded([await limits.consume('loginPerAccount', account)])
    const user = await queries.findCredentialsById(db, actor.id)
    if (!user || !(await this.#hasher.verify(user.password_hash, current))) throw wrongCurrentPassword()
    checkPassword(next, actor.username, 'new_password')
    const passwordHash = await this.#hasher.hash(next)
    await db.transaction(async (tx) => {
      if (!(await queries.setPassword(tx, actor.id, passwordHash, user.password_hash))) throw wrongCurrentPassword()
      await sessions.revokeSessions(tx, actor.id, 'password', actor.sessionId)
    })
    await limits.forget('loginPerAccount', account)
  }

  /** For the command line: sets a password without knowing the old one and ends every session. */
  async resetPassword(username: string, password: string): Promise<boolean> {
    checkPassword(password, username)
    const passwordHash = await this.#hasher.hash(password)
    return this.#ctx.db.transaction(async (tx) => {
      const user = await queries.findCredentials(tx, username)
      if (!user) return false
      await queries.setPassword(tx, user.id, passwordHash)
      await sessions.revokeSessions(tx, user.id, 'reset')
      return true
    })
  }

  listSessions(actor: Actor): Promise<sessions.SessionRow[]> {
    return sessions.listSessions(this.#ctx.db, actor.id)
  }

  /** @throws AppError SESSION_NOT_FOUND (404), also for somebody else's */
  async revokeSession(actor: Actor, id: string): Promise<void> {
    if (!(await sessions.revokeSession(this.#ctx.db, actor.id, id, 'revoked'))) throw sessionNotFound()
  }
}

/**
 * One key for every way to write a name. The database is asked for it in this form as well: its own lower case takes
 * U+0130 for an i, which would give an account a second count. Nobody has a name that is cut.
 */
function accountKey(username: string): string {
  return username.toLowerCase().slice(0, 200)
}

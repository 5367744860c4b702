import { randomBytes, randomUUID } from 'node:crypto'
import type { Context } from '../platform/context.ts'
import type { Db } from '../platform/db.ts'
import { invalidField } from '../platform/errors.ts'
import { ruleOf } from '../platform/patterns.ts'
import { addressKey, refuseIfExceeded } from '../platform/rate-limit.ts'
import type { Actor } from './actor.ts'
import {
  invalidCredentials,
  registrationClosed,
  sessionNotFound,
  usernameTaken,
  wrongCurrentPassword,
} from './errors.ts'
import { checkPassword, PasswordHasher } from './passwords.ts'
import * as queries from './queries.ts'
import { EMAIL, USERNAME } from './schemas.ts'
import * as sessions from './session-queries.ts'
import { type RefreshParts, Tokens } from './tokens.ts'

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

/** A user as they will stand in the table: checked, and the password hashed. */
export type Account = Parameters<typeof queries.insertUser>[1]

/** Somebody whose password matched, with the hash it matched. */
interface Credentials {
  id: number
  password_hash: string
}

/** A new password that may be set, in the place of the hash that the current one matched. */
interface NewPassword {
  passwordHash: string
  replaces: string
}

/** Words that filters give a meaning: `assigned_user=me`, `assigned_user=none`. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['me', 'none'])

/**
 * The use cases of accounts and sessions. Those with a password are two halves: the first one hashes, and counts attempts
 * where nothing undoes them; the second one is the effect, on the database or transaction it is given.
 */
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
  async prepareRegistration(input: NewUser): Promise<Account> {
    if (!this.#ctx.config.registrationOpen) throw registrationClosed()
    return this.prepareAccount(input, 'user')
  }

  /** @throws AppError INVALID_REQUEST (400) for a weak password */
  async prepareAccount(input: NewUser, role: queries.Role, isDemo = false): Promise<Account> {
    if (RESERVED_NAMES.has(input.username.toLowerCase())) throw invalidField('body', 'username', 'is reserved')
    if (!isDemo) await checkPassword(input.password, input.username)
    const passwordHash = await this.#hasher.hash(input.password)
    const { username, email = null } = input
    return { username, email, role, passwordHash, isDemo }
  }

  /** @throws AppError USERNAME_TAKEN (409) */
  async addAccount(db: Db, account: Account): Promise<queries.UserRow> {
    const user = await queries.insertUser(db, account)
    if (!user) throw usernameTaken(account.username)
    return user
  }

  /**
   * Both halves at once, for who is not a request, whose schema would have looked at the input before.
   *
   * @throws AppError INVALID_REQUEST (400), USERNAME_TAKEN (409)
   */
  async createUser(input: NewUser, role: queries.Role, isDemo = false): Promise<queries.UserRow> {
    requireMatch('username', input.username, USERNAME)
    if (input.email) requireMatch('email', input.email, EMAIL)
    return this.addAccount(this.#ctx.db, await this.prepareAccount(input, role, isDemo))
  }

  /**
   * Attempts are counted before the password is looked at, by address and by account, in the database: they hold under
   * parallel attempts, across processes and restarts. Success clears the account's count. An address over its limit is
   * refused first: what it goes on trying locks nobody's account.
   *
   * @throws AppError INVALID_CREDENTIALS (401), QUOTA_EXCEEDED (429)
   */
  async checkCredentials(username: string, password: string, client: Client): Promise<Credentials> {
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
    metrics.logins.inc({ outcome: 'accepted' })
    await Promise.all([limits.forget('loginPerAccount', account), limits.refund('loginPerAddress', address)])
    return user
  }

  /** @param user as they were when the password matched */
  async openSession(db: Db, user: Credentials, client: Client): Promise<TokenPair> {
    const id = randomUUID()
    const secret = randomBytes(32)
    const isOpen = await sessions.insertSession(db, {
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
   *
   * @returns undefined when it is refused: returned, not thrown, because the revocation must be committed
   */
  async refresh(db: Db, parts: RefreshParts): Promise<TokenPair | undefined> {
    const outcome = await db.transaction(async (tx) => {
      const session = await sessions.lockSession(tx, parts.sessionId)
      if (!session?.alive || !this.tokens.isProofValid(parts, session.secret)) return undefined
      const age = session.generation - parts.generation
      if (age === 0) await sessions.rotateSession(tx, parts.sessionId)
      else if (age !== 1 || !session.within_grace) {
        await sessions.revokeSession(tx, session.user_id, parts.sessionId, 'reuse')
        this.#ctx.log.warn({ userId: session.user_id, session: parts.sessionId }, 'refresh token reused; session ended')
        return undefined
      }
      return { userId: session.user_id, secret: session.secret, generation: parts.generation + 1 }
    })
    return outcome && this.#pair(outcome.userId, parts.sessionId, outcome.generation, outcome.secret)
  }

  /**
   * Whether the successor of this refresh token is the session's present one, so that answering it again gives nobody more
   * than they have. When it has been used already, the token is a reused one, whatever key it came with.
   */
  async isSuccessorUnused(db: Db, parts: RefreshParts): Promise<boolean> {
    const session = await sessions.lockSession(db, parts.sessionId)
    if (!session?.alive || !this.tokens.isProofValid(parts, session.secret)) return false
    return session.generation - parts.generation === 1
  }

  async logout(db: Db, actor: Actor): Promise<void> {
    await sessions.revokeSession(db, actor.id, actor.sessionId, 'logout')
  }

  /** A wrong current password counts as an attempt to log in. */
  async prepareNewPassword(actor: Actor, current: string, next: string): Promise<NewPassword> {
    const { limits, db } = this.#ctx
    const account = accountKey(actor.username)
    refuseIfExceeded([await limits.consume('loginPerAccount', account)])
    const user = await queries.findCredentialsById(db, actor.id)
    if (!user || !(await this.#hasher.verify(user.password_hash, current))) throw wrongCurrentPassword()
    await checkPassword(next, actor.username, 'new_password')
    const passwordHash = await this.#hasher.hash(next)
    await limits.forget('loginPerAccount', account)
    return { passwordHash, replaces: user.password_hash }
  }

  /** Ends every other session of the user. */
  async changePassword(db: Db, actor: Actor, { passwordHash, replaces }: NewPassword): Promise<void> {
    await db.transaction(async (tx) => {
      if (!(await queries.setPassword(tx, actor.id, passwordHash, replaces))) throw wrongCurrentPassword()
      await sessions.revokeSessions(tx, actor.id, 'password', actor.sessionId)
    })
  }

  /** For the command line: sets a password without knowing the old one and ends every session. */
  async resetPassword(username: string, password: string): Promise<boolean> {
    await checkPassword(password, username)
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

function requireMatch(member: string, text: string, rule: { pattern: string }): void {
  if (!new RegExp(rule.pattern).test(text)) throw invalidField('body', member, ruleOf(rule) ?? 'is invalid')
}

/**
 * One key for every way to write a name. The database is asked for it in this form as well: its own lower case takes
 * U+0130 for an i, which would give an account a second count. Nobody has a name that is cut.
 */
export function accountKey(username: string): string {
  return username.toLowerCase().slice(0, 200)
}

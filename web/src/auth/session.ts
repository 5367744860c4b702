import { useSyncExternalStore } from 'react'
import { endSession, openSession, readUser, refreshTokens, type Tokens, type User } from './requests.ts'

/**
 * Who is signed in. The access token lives in memory only. All tabs of a browser have one session: a tab that renews the
 * token tells the others, and only one renews at a time, for a refresh token works once.
 */

/** Renewed this long before it ends, so that no request meets its end on the way. */
const MARGIN_MS = 30_000

/** In the storage of the browser while it has a session, as its cookie cannot be seen: saves asking for nothing. */
const MARK = 'tasklog-session'

type Message = { type: 'token'; tokens: Tokens } | { type: 'signed-out' }

class Session {
  #user: User | undefined
  #tokens: Tokens | undefined
  #renewing: Promise<boolean> | undefined
  /** Whether somebody signs in again, where it ended while it was in use. */
  #ended: PromiseWithResolvers<boolean> | undefined
  readonly #listeners = new Set<() => void>()
  readonly #channel = new BroadcastChannel('tasklog-session')

  constructor() {
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#hear(data)
  }

  get user(): User | undefined {
    return this.#user
  }

  /** Whether it ended by itself, or by somebody else's doing, while it was in use here: the page is to ask for the password. */
  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @returns an access token with some time left; undefined when nobody is signed in */
  async token(): Promise<string | undefined> {
    if (this.#ended || (this.#tokens && this.#tokens.expiresAt - MARGIN_MS < Date.now())) await this.renew()
    return this.#tokens?.accessToken
  }

  /** @throws ApiError when name or password are wrong */
  async signIn(username: string, password: string): Promise<void> {
    const tokens = await openSession(username, password)
    // Whoever was signed in here is so no longer, and what they have read goes with them; unless they go on.
    if (!this.#ended) this.#set(undefined, undefined)
    await this.#take(tokens)
  }

  /** Goes on with the session that this browser has, if it has one: what a reload of the page does. */
  async restore(): Promise<boolean> {
    return this.#user !== undefined || (localStorage.getItem(MARK) !== null && (await this.renew()))
  }

  /**
   * What asks for it while the page asks for the password waits for that, and then goes on as if nothing had been.
   *
   * @returns false when there is no session any more; the page then asks to sign in
   */
  async renew(): Promise<boolean> {
    if (!this.#ended) {
      this.#renewing ??= this.#renew().finally(() => {
        this.#renewing = undefined
      })
      if (await this.#renewing) return true
    }
    return this.#ended?.promise ?? false
  }

  /** Instead of signing in again. */
  giveUp(): void {
    this.#set(undefined, undefined)
  }

  async signOut(): Promise<void> {
    const token = await this.token()
    if (token) await endSession(token)
    this.#channel.postMessage({ type: 'signed-out' } satisfies Message)
    this.#set(undefined, undefined)
  }

  async #renew(): Promise<boolean> {
    const before = this.#tokens
    return oneTabAtATime(async () => {
      // Another tab has done it while this one waited.
      if (this.#tokens && this.#tokens !== before) return true
      const tokens = await refreshTokens()
      if (tokens) await this.#take(tokens)
      else if (this.#user) this.#end()
      else this.#set(undefined, undefined)
      return this.#tokens !== undefined
    })
  }

  async #take(tokens: Tokens): Promise<void> {
    // Another tab has signed in as somebody else, which this one has not heard: nothing here is theirs to see.
    if (this.#user && this.#user.id !== tokens.userId) return this.#startAnew()
    // Who signs in again may have another role by now.
    const known = this.#ended ? undefined : this.#user
    const user = known ?? (await readUser(tokens.accessToken))
    this.#set(user, tokens)
    this.#channel.postMessage({ type: 'token', tokens } satisfies Message)
  }

  #hear(message: Message): void {
    if (!this.#user) return
    if (message.type === 'token' && message.tokens.userId === this.#user.id) this.#set(this.#user, message.tokens)
    // Signed out, or signed in as somebody else.
    else this.#startAnew()
  }

  /** What is on the page stays there, also what is not saved yet. */
  #end(): void {
    this.#tokens = undefined
    localStorage.removeItem(MARK)
    this.#ended ??= Promise.withResolvers()
    this.#tell()
  }

  /** A page that belongs to nobody any more asks for nothing on its way out. */
  #startAnew(): void {
    this.#tokens = undefined
    window.location.reload()
  }

  #set(user: User | undefined, tokens: Tokens | undefined): void {
    this.#tokens = tokens
    if (user) localStorage.setItem(MARK, 'open')
    else localStorage.removeItem(MARK)
    if (this.#user === user && !this.#ended) return
    this.#ended?.resolve(tokens !== undefined)
    this.#ended = undefined
    this.#user = user
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** Web Locks exist over https and on this machine. Without them the server's grace of ten seconds has to do. */
function oneTabAtATime<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request('tasklog-session', work) : work()
}

export const session = new Session()

/** The person who is signed in; undefined outside the shell. */
export const useUser = (): User | undefined => useSyncExternalStore(session.subscribe, () => session.user)

export const useSessionEnded = (): boolean => useSyncExternalStore(session.subscribe, () => session.hasEnded)

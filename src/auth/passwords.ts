import { type Algorithm, hash, verify } from '@node-rs/argon2'
import { AtOnce } from '../platform/at-once.ts'
import { serverBusy } from '../platform/errors.ts'
import { passwordRefused } from './errors.ts'

const MIN_CHARACTERS = 8
const MAX_PASSWORD_CHARACTERS = 200
/** OWASP's second choice of parameters for argon2id: 19 MiB, two passes. 21 ms on one core of a small machine. */
const ARGON2 = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** Longer queues only make everybody's login time out. */
const MAX_WAITING = 200

/** A hash of nothing anybody knows, so that an unknown name costs what a known one does. */
let decoy: Promise<string> | undefined

/** Hashes and checks passwords, a bounded number at a time: more in parallel only slows every other request. */
export class PasswordHasher {
  readonly #hashes: AtOnce

  /** @param atOnce hashes in flight */
  constructor(atOnce: number) {
    const busy = () => serverBusy('Too many people are logging in. Try again shortly.')
    this.#hashes = new AtOnce({ running: atOnce, waiting: MAX_WAITING, busy })
  }

  hash(password: string): Promise<string> {
    return this.#hashes.run(() => hash(password, ARGON2))
  }

  /** @param stored the user's hash, or undefined for a name nobody has: same work, answer false */
  verify(stored: string | undefined, password: string): Promise<boolean> {
    return this.#hashes.run(async () => {
      decoy ??= hash(crypto.randomUUID(), ARGON2)
      const matches = await verify(stored ?? (await decoy), password)
      return matches && stored !== undefined
    })
  }
}

let common: Promise<ReadonlySet<string>> | undefined

/**
 * NIST 800-63B-4 section 3.1.1.2: length counts, composition does not; known and context-specific passwords are refused.
 *
 * @param member the request member to name in the error
 * @throws AppError INVALID_REQUEST (400) with the reason
 */
export async function checkPassword(password: string, username: string, member = 'password'): Promise<void> {
  const characters = [...password].length
  if (characters < MIN_CHARACTERS) throw passwordRefused(member, `must have at least ${MIN_CHARACTERS} characters`)
  if (characters > MAX_PASSWORD_CHARACTERS) {
    throw passwordRefused(member, `must have at most ${MAX_PASSWORD_CHARACTERS} characters`)
  }
  const plain = password.toLowerCase()
  if (plain === username.toLowerCase()) throw passwordRefused(member, 'must not be the username')
  common ??= loadCommon()
  if ((await common).has(plain)) throw passwordRefused(member, 'is among the most common passwords')
}

/** Some 3 MB, which a process that sets no password does without. */
async function loadCommon(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  return new Set(dictionary['passwords-common'])
}

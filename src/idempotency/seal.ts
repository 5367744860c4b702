import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { Config } from '../platform/config.ts'

const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * What one request yields under one of our secrets: a hash to know it again by, and a key to seal its answer with. Both
 * are derived from the request as well, so that a stolen table and a stolen secret together still open nothing without
 * the request itself: a password, a refresh token.
 */
export class RequestSecret {
  /** Not a plain hash: of a body that holds a password, that would be a password hash without salt. */
  readonly hash: Buffer
  readonly #sealing: Buffer

  constructor(secret: string, request: Uint8Array) {
    this.hash = createHmac('sha256', derive(secret, 'tasklog-idempotency-hash')).update(request).digest()
    this.#sealing = createHmac('sha256', derive(secret, 'tasklog-idempotency-seal')).update(request).digest()
  }

  matches(hash: Uint8Array): boolean {
    return hash.length === this.hash.length && timingSafeEqual(hash, this.hash)
  }

  /** @param place where it is kept: what was sealed for one place opens in no other */
  seal(text: string, place: string): Buffer {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv(CIPHER, this.#sealing, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(place))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), sealed])
  }

  open(bytes: Buffer, place: string): string {
    const decipher = createDecipheriv(CIPHER, this.#sealing, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
  }
}

/** Under the present secret first; while the secret is being changed, under the one before as well. */
export function requestSecrets(config: Config, request: Uint8Array): [RequestSecret, ...RequestSecret[]] {
  const { jwtSecretKey, jwtSecretKeyPrevious } = config
  if (!jwtSecretKey) throw new Error('no JWT_SECRET_KEY')
  const present = new RequestSecret(jwtSecretKey, request)
  return jwtSecretKeyPrevious ? [present, new RequestSecret(jwtSecretKeyPrevious, request)] : [present]
}

const derived = new Map<string, KeyObject>()

/** The secrets of a process are few and stay the same; deriving costs more than all the rest here. */
function derive(secret: string, purpose: string): KeyObject {
  const name = `${purpose}\n${secret}`
  const known = derived.get(name)
  if (known) return known
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)))
  derived.set(name, key)
  return key
}

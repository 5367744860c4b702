import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dictionary } from '@zxcvbn-ts/language-common'
import { AppError } from '../platform/errors.ts'
import { checkPassword, PasswordHasher } from './passwords.ts'

const refused = (password: string, reason: RegExp, username = 'anna') =>
  assert.rejects(
    () => checkPassword(password, username),
    (error) =>
      error instanceof AppError &&
      error.status === 400 &&
      reason.test(error.message) &&
      !error.message.includes(password),
    password,
  )

test('the 3,000 most common passwords are refused, whatever their case', async () => {
  const long = dictionary['passwords-common'].filter((password) => password.length >= 8).slice(0, 3_000)
  assert.equal(long.length, 3_000)
  for (const password of long) await refused(password.toUpperCase(), /common/)
})

test('length is counted in characters', async () => {
  await refused('1234567', /at least 8/)
  await refused('🦊'.repeat(7), /at least 8/)
  await refused('🦊'.repeat(201), /at most 200/)
  for (const password of ['🦊'.repeat(8), '🦊'.repeat(200), 'thequietotterlaughsx', ' a b c d e f g '])
    await checkPassword(password, 'anna')
})

test('the username is no password', async () => {
  await refused('Anna.Schmidt', /username/, 'anna.schmidt')
})

test('a hash is checked by its password alone, and no hash by none', async () => {
  const hasher = new PasswordHasher(2)
  const hash = await hasher.hash('quiet-otter')
  assert.equal(await hasher.verify(hash, 'quiet-otter'), true)
  assert.equal(await hasher.verify(hash, 'quiet-Otter'), false)
  assert.equal(await hasher.verify(undefined, 'quiet-otter'), false)
  assert.notEqual(await hasher.hash('quiet-otter'), hash, 'each hash has its own salt')
})

test('a long password counts to its last character', async () => {
  const hasher = new PasswordHasher(2)
  const hash = await hasher.hash(`${'x'.repeat(199)}a`)
  assert.equal(await hasher.verify(hash, `${'x'.repeat(199)}b`), false)
})

test('past a number of waiting attempts people are told to come back, and the rest are served', async () => {
  const hasher = new PasswordHasher(1)
  const results = await Promise.allSettled(Array.from({ length: 203 }, () => hasher.verify('$argon2id$no-hash', 'x')))
  const busy = results.filter((result) => result.status === 'rejected' && result.reason.code === 'SERVER_BUSY')
  assert.equal(busy.length, 2)
  assert.equal(await hasher.verify(undefined, 'x'), false)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, loadConfig } from './config.ts'

const SECRET = 'Zk3vQ9xT1bLr7mWc5yHd2nPf8sJa6gUe'
const PRODUCTION = { NODE_ENV: 'production', DATABASE_URL: 'postgres://localhost/tasklog', JWT_SECRET_KEY: SECRET }

const refused = (env: Record<string, string>, sentence: RegExp) =>
  assert.throws(
    () => loadConfig(env),
    (error) => error instanceof ConfigError && sentence.test(error.message),
    JSON.stringify(env),
  )

test('nothing set is a demonstration on this machine, port 5000', () => {
  const config = loadConfig({})
  assert.deepEqual(
    [config.production, config.demonstration, config.host, config.port, config.databaseUrl, config.redisUrl],
    [false, true, '127.0.0.1', 5000, undefined, undefined],
  )
})

test('limits are on unless said otherwise', () => {
  for (const quota of Object.values(loadConfig({}).quotas)) assert.ok(quota.points > 0 && quota.seconds > 0)
})

test('an empty or blank setting counts as left out', () => {
  assert.equal(loadConfig({ PORT: '', HOST: '  ', REDIS_URL: ' ' }).port, 5000)
})

test('production starts with a good secret', () => {
  assert.equal(loadConfig(PRODUCTION).jwtSecretKey, SECRET)
  assert.equal(loadConfig({ ...PRODUCTION, JWT_SECRET_KEY_PREVIOUS: `${SECRET}2` }).jwtSecretKeyPrevious, `${SECRET}2`)
})

test('production refuses a missing, short, published or guessable secret, and never repeats it', () => {
  refused({ ...PRODUCTION, JWT_SECRET_KEY: '' }, /JWT_SECRET_KEY is missing/)
  for (const [secret, why] of [
    [SECRET.slice(0, 31), /shorter than 32 bytes/],
    ['a'.repeat(64), /guessable/],
    ['abcabcabc'.repeat(8), /guessable/],
    ['change-me-change-me-change-me-1234567890', /published/],
    ['your-256-bit-secret-your-256-bit-secret', /published/],
    ['a-string-secret-at-least-256-bits-long', /published/],
    ['SuperSecretKeyForJwtTokens0123456789', /published/],
    ['for tests only, and only for tests: 0123456789', /published/],
  ] as const) {
    for (const name of ['JWT_SECRET_KEY', 'JWT_SECRET_KEY_PREVIOUS']) {
      assert.throws(
        () => loadConfig({ ...PRODUCTION, [name]: secret }),
        (error) =>
          error instanceof ConfigError &&
          why.test(error.message) &&
          error.message.startsWith(name) &&
          !error.message.includes(secret),
        `${name}=${secret}`,
      )
    }
  }
})

test('the demonstration is never shown to the network', () => {
  for (const HOST of ['0.0.0.0', '::', '192.168.0.7', 'example.org', '128.0.0.1']) refused({ HOST }, /demonstration/)
  for (const HOST of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) assert.equal(loadConfig({ HOST }).host, HOST)
  assert.equal(loadConfig({ ...PRODUCTION, HOST: '0.0.0.0' }).demonstration, false)
})

test('proxies are addresses or ranges; a number or true would trust everybody', () => {
  for (const TRUST_PROXY of [
    '1',
    'true',
    '*',
    'loopback',
    'proxy.local',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '::/129',
    '10.0.0.1/8/8',
    '10.0.0.1,',
    '10.0.0',
  ]) {
    refused({ TRUST_PROXY }, /^TRUST_PROXY/)
  }
  assert.deepEqual(loadConfig({ TRUST_PROXY: '10.0.0.0/8, ::1,192.0.2.1' }).trustProxy, [
    '10.0.0.0/8',
    '::1',
    '192.0.2.1',
  ])
  assert.equal(loadConfig({}).trustProxy, undefined)
})

test('a number out of range, or not written as one, is refused by name', () => {
  for (const PORT of ['-1', '65536', '1e3', '0x50', '80.0', 'http', '９', '1'.repeat(20)])
    refused({ PORT }, /^PORT must be a whole number from 0 to 65535/)
  refused({ ACCESS_TOKEN_MINUTES: '0' }, /^ACCESS_TOKEN_MINUTES/)
  refused({ SESSION_DAYS: '366' }, /^SESSION_DAYS/)
})

test('a limit is points/seconds', () => {
  assert.deepEqual(loadConfig({ RATE_LIMIT_USER: '7/60' }).quotas.user, { points: 7, seconds: 60 })
  for (const value of ['7', '0/60', '7/0', '-1/60', '7/60/1', '1e3/60', 'off', '7 / 60', '7/2000001'])
    refused({ RATE_LIMIT_USER: value }, /^RATE_LIMIT_USER/)
})

test('choices are the words listed', () => {
  refused({ NODE_ENV: 'prod' }, /^NODE_ENV must be one of/)
  refused({ REGISTRATION: 'false' }, /^REGISTRATION/)
  refused({ MIGRATE_ON_START: '1' }, /^MIGRATE_ON_START/)
  refused({ LOG_LEVEL: 'verbose' }, /^LOG_LEVEL/)
  refused({ TIMEZONE: 'Vienna' }, /^TIMEZONE/)
  assert.equal(loadConfig({ TIMEZONE: 'Europe/Vienna' }).timeZone, 'Europe/Vienna')
})

test('a URL that is none is refused without showing the password in it', () => {
  for (const name of ['DATABASE_URL', 'REDIS_URL']) {
    for (const value of ['mysql://u:hunter2@h/d', 'hunter2@host', 'http://hunter2']) {
      assert.throws(
        () => loadConfig({ [name]: value }),
        (error) => error instanceof ConfigError && error.message.startsWith(name) && !error.message.includes('hunter2'),
      )
    }
  }
})

test('a first administrator needs a password', () => {
  refused({ ADMIN_USERNAME: 'root' }, /ADMIN_PASSWORD/)
})

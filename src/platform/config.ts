import { existsSync } from 'node:fs'
import path from 'node:path'
import { ConfigError, EnvReader, type Quota } from './env-reader.ts'

export { ConfigError, type Quota }

export type Config = ReturnType<typeof readSettings>

/** Secrets that stand in this repository or in tutorials: as good as none. */
const PUBLISHED_SECRETS = [
  'change-me',
  'changeme',
  'secret',
  'your-secret',
  'your_secret',
  'jwt-secret',
  'super-secret',
  'for tests only',
]
const MIN_SECRET_BYTES = 32

/**
 * Reads every setting from the environment, once; nothing else in src/ reads `process.env`.
 * A `.env` file in the working directory fills in what the environment leaves out.
 *
 * @throws ConfigError with one sentence a person can act on
 */
export function loadConfig(env: NodeJS.ProcessEnv = environment()): Config {
  const config = readSettings(new EnvReader(env))
  if (config.adminUsername && !config.adminPassword)
    throw new ConfigError('ADMIN_USERNAME needs ADMIN_PASSWORD as well.')
  if (config.production) checkProduction(config)
  if (config.demonstration && !isLoopback(config.host)) {
    throw new ConfigError(
      `HOST=${config.host} would show the demonstration, whose passwords are published, to the network. ` +
        'Leave HOST out, or set NODE_ENV=production or DATABASE_URL.',
    )
  }
  return config
}

/** For commands that speak to a server: on the command line every process would see it. */
export const tokenFromEnvironment = (env: NodeJS.ProcessEnv = environment()): string | undefined =>
  new EnvReader(env).text('TASKLOG_TOKEN')

function environment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env')
  return process.env
}

function readSettings(env: EnvReader) {
  const production = env.oneOf('NODE_ENV', ['development', 'production', 'test'], 'development') === 'production'
  const databaseUrl = env.url('DATABASE_URL', ['postgres:', 'postgresql:'])
  return {
    production,
    databaseUrl,
    /** The embedded database with its well-known people: for trying the product, on loopback only. */
    demonstration: !databaseUrl && !production,
    databaseReadUrl: env.url('DATABASE_READ_URL', ['postgres:', 'postgresql:']),
    databasePoolSize: env.integer('DATABASE_POOL_SIZE', 10, 2, 200),
    statementTimeoutMs: env.integer('STATEMENT_TIMEOUT_MS', 4_000, 100, 600_000),
    migrateOnStart: env.flag('MIGRATE_ON_START', true),
    redisUrl: env.url('REDIS_URL', ['redis:', 'rediss:']),
    jwtSecretKey: env.text('JWT_SECRET_KEY'),
    jwtSecretKeyPrevious: env.text('JWT_SECRET_KEY_PREVIOUS'),
    accessTokenSeconds: env.integer('ACCESS_TOKEN_MINUTES', 60, 1, 1_440) * 60,
    sessionDays: env.integer('SESSION_DAYS', 30, 1, 365),
    registrationOpen: env.oneOf('REGISTRATION', ['open', 'closed'], 'open') === 'open',
    passwordHashesInFlight: env.integer('PASSWORD_HASHES_IN_FLIGHT', 2, 1, 64),
    adminUsername: env.text('ADMIN_USERNAME'),
    adminPassword: env.text('ADMIN_PASSWORD'),
    host: env.text('HOST') ?? '127.0.0.1',
    port: env.integer('PORT', 5_000, 0, 65_535),
    dataDir: path.resolve(env.text('DATA_DIR') ?? 'data'),
    trustProxy: env.cidrs('TRUST_PROXY'),
    timeZone: env.timeZone('TIMEZONE', 'UTC'),
    /** 0: for ever. */
    historyMonths: env.integer('HISTORY_MONTHS', 0, 0, 1_200),
    logLevel: env.oneOf('LOG_LEVEL', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info'),
    metricsToken: env.text('METRICS_TOKEN'),
    bodyLimitBytes: env.integer('BODY_LIMIT_BYTES', 1_048_576, 1_024, 104_857_600),
    requestsAtOnce: env.integer('REQUESTS_AT_ONCE', 200, 10, 10_000),
    uploadLimitBytes: env.integer('UPLOAD_LIMIT_BYTES', 1_073_741_824, 1_024, 1_099_511_627_776),
    uploadWaitMs: env.integer('UPLOAD_WAIT_SECONDS', 8, 0, 60) * 1_000,
    idempotencyHours: env.integer('IDEMPOTENCY_HOURS', 24, 1, 8_760),
    importsAtOnce: env.integer('IMPORTS_AT_ONCE', 2, 1, 16),
    /** 0: for ever. */
    importDetailsDays: env.integer('IMPORT_DETAILS_DAYS', 90, 0, 36_500),
    /** 0: what is in the trash stays there. */
    trashDays: env.integer('TRASH_DAYS', 30, 0, 36_500),
    shutdownSeconds: env.integer('SHUTDOWN_SECONDS', 8, 1, 300),
    quotas: {
      loginPerAccount: env.quota('RATE_LIMIT_LOGIN_ACCOUNT', { points: 10, seconds: 900 }),
      loginPerAddress: env.quota('RATE_LIMIT_LOGIN_ADDRESS', { points: 100, seconds: 900 }),
      registration: env.quota('RATE_LIMIT_REGISTRATION', { points: 100, seconds: 3_600 }),
      upload: env.quota('RATE_LIMIT_UPLOAD', { points: 300, seconds: 3_600 }),
      user: env.quota('RATE_LIMIT_USER', { points: 6_000, seconds: 60 }),
      address: env.quota('RATE_LIMIT_ADDRESS', { points: 3_000, seconds: 60 }),
    },
  }
}

const ADVICE = 'Make one with: openssl rand -base64 48'

function checkProduction({ jwtSecretKey, jwtSecretKeyPrevious }: Config): void {
  if (jwtSecretKey === undefined) throw new ConfigError(`JWT_SECRET_KEY is missing. ${ADVICE}`)
  checkSecret('JWT_SECRET_KEY', jwtSecretKey)
  if (jwtSecretKeyPrevious !== undefined) checkSecret('JWT_SECRET_KEY_PREVIOUS', jwtSecretKeyPrevious)
}

function checkSecret(name: string, value: string): void {
  if (Buffer.byteLength(value) < MIN_SECRET_BYTES) {
    throw new ConfigError(`${name} is shorter than ${MIN_SECRET_BYTES} bytes. ${ADVICE}`)
  }
  const plain = value.toLowerCase()
  if (PUBLISHED_SECRETS.some((word) => plain.includes(word)) || new Set(plain).size < 10) {
    throw new ConfigError(`${name} is a published or guessable value. ${ADVICE}`)
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

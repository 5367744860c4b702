import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { before, describe, test } from 'node:test'
import { parse } from 'yaml'
import { ROOT, readDockerfile } from './dockerfile.ts'

interface Service {
  image: string
  build?: string
  command?: string[]
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  user?: string
  privileged?: boolean
  init?: boolean
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  restart?: string
  stop_grace_period?: string
  deploy?: { replicas: number }
  healthcheck?: { test?: string[]; disable?: boolean }
  depends_on?: Record<string, { condition: string }>
}

const SECRETS = ['POSTGRES_PASSWORD', 'JWT_SECRET_KEY', 'JWT_SECRET_KEY_PREVIOUS', 'ADMIN_PASSWORD', 'METRICS_TOKEN']

describe('compose.yaml', () => {
  const text = readFileSync(path.join(ROOT, 'compose.yaml'), 'utf8')
  const config = readFileSync(path.join(ROOT, 'src/platform/config.ts'), 'utf8')
  let services: Record<string, Service>
  let ours: [string, Service][]

  before(() => {
    services = parse(text, { merge: true }).services
    ours = Object.entries(services).filter(([, service]) => service.image === 'tasklog')
  })

  test('has a database, Redis, one migration, two API processes and a worker', () => {
    assert.deepEqual(Object.keys(services).sort(), ['api', 'migrate', 'postgres', 'redis', 'worker'])
    assert.equal(services.api?.deploy?.replicas, 2)
    assert.match(services.postgres?.image ?? '', /^postgres:18\b/)
    assert.match(services.redis?.image ?? '', /^redis:[78]\b/)
    assert.deepEqual(
      ours.map(([name]) => name),
      ['migrate', 'api', 'worker'],
    )
  })

  test('runs commands that src/main.ts has', async () => {
    const main = readFileSync(path.join(ROOT, 'src/main.ts'), 'utf8')
    const stage = (await readDockerfile()).at(-1)
    const standard = JSON.parse(stage?.steps.find((step) => step.name === 'CMD')?.rest ?? '[]')
    for (const [name, { command = standard }] of ours) {
      assert.deepEqual(command.slice(0, -1), ['node', 'src/main.ts'], name)
      assert.ok(main.includes(`.command('${command.at(-1)}')`), name)
    }
    assert.equal(services.migrate?.command?.at(-1), 'migrate')
    assert.equal(services.worker?.command?.at(-1), 'worker')
    assert.equal(services.api?.command, undefined)
  })

  test('sets nothing that config.ts does not read', () => {
    for (const [name, service] of ours) {
      for (const setting of Object.keys(service.environment ?? {})) {
        assert.ok(config.includes(`'${setting}'`), `${name}: ${setting}`)
      }
    }
  })

  test('leaves migrations to the service that is there for them', () => {
    for (const [name, service] of ours) assert.equal(service.environment?.MIGRATE_ON_START, 'false', name)
    assert.equal(services.migrate?.depends_on?.postgres?.condition, 'service_healthy')
    for (const name of ['api', 'worker']) {
      assert.equal(services[name]?.depends_on?.migrate?.condition, 'service_completed_successfully', name)
    }
  })

  test('takes every secret from the environment, and refuses to start without those that must be', () => {
    for (const [name, service] of Object.entries(services)) {
      for (const [setting, value] of Object.entries(service.environment ?? {})) {
        if (SECRETS.includes(setting)) assert.match(value, /^\$\{[A-Z_]+:[?-][^}]*\}$/, `${name}: ${setting}`)
      }
      const { DATABASE_URL: url, JWT_SECRET_KEY: key } = service.environment ?? {}
      if (url) assert.match(url, /^postgres:\/\/tasklog:\$\{POSTGRES_PASSWORD:\?[^}]+\.\}@postgres:5432\/tasklog$/)
      if (key) assert.match(key, /^\$\{JWT_SECRET_KEY:\?[^}]+\.\}$/)
    }
    for (const [, service] of ours) assert.ok(service.environment?.DATABASE_URL && service.environment.JWT_SECRET_KEY)
    assert.match(services.postgres?.environment?.POSTGRES_PASSWORD ?? '', /:\?/)
  })

  test('publishes nothing but the API, on loopback, one port for each replica', () => {
    const published = Object.entries(services).filter(([, service]) => service.ports)
    assert.deepEqual(
      published.map(([name]) => name),
      ['api'],
    )
    const [ports = '', ...more] = services.api?.ports ?? []
    assert.deepEqual(more, [])
    const [, first, last] = /^127\.0\.0\.1:(\d+)-(\d+):5000$/.exec(ports) ?? []
    assert.equal(Number(last) - Number(first) + 1, services.api?.deploy?.replicas)
  })

  test('checks the health of every service that can be asked', () => {
    for (const name of ['postgres', 'redis', 'api']) {
      assert.ok((services[name]?.healthcheck?.test?.length ?? 0) > 1, name)
    }
    // The image's own check asks a port these two do not open.
    for (const name of ['migrate', 'worker']) assert.equal(services[name]?.healthcheck?.disable, true, name)
  })

  test('gives our processes no rights they do not need, and time to end', async () => {
    const stage = (await readDockerfile()).at(-1)
    assert.match(stage?.steps.find((step) => step.name === 'USER')?.rest ?? '', /^[1-9]\d*:[1-9]\d*$/)
    for (const [name, service] of ours) {
      assert.equal(service.user, undefined, `${name} keeps the user of the image`)
      assert.equal(service.privileged, undefined, name)
      assert.equal(service.read_only, true, name)
      assert.equal(service.init, true, name)
      assert.deepEqual(service.cap_drop, ['ALL'], name)
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name)
      assert.ok(Number.parseInt(service.stop_grace_period ?? '', 10) > 10, name)
    }
  })

  test('keeps the database on a volume and Redis on none', () => {
    assert.deepEqual(services.postgres?.volumes, ['postgres:/var/lib/postgresql'])
    assert.equal(services.redis?.volumes, undefined)
    assert.deepEqual(services.redis?.command?.slice(1, 5), ['--save', '', '--appendonly', 'no'])
  })

  test('starts again by itself, all but the migration', () => {
    for (const [name, { restart }] of Object.entries(services)) {
      assert.equal(restart, name === 'migrate' ? 'no' : 'unless-stopped', name)
    }
  })
})

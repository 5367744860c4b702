import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CleanupStack } from '../support/app.ts'
import { statusOf, tokenOf, until } from '../support/process.ts'
import { freePort } from '../support/redis-server.ts'
import { databaseUrl, runSql } from '../support/template.ts'
import { buildImage, type Image, ROOT, readDockerfile, readDockerignore } from './dockerfile.ts'
import { type Running, runToEnd, start, userOf } from './processes.ts'

const ADMIN = { username: 'root_of_all', password: 'nine-purple-lanterns' }

/** The Dockerfile's own steps, followed without an engine, and what it makes run as in production. */
describe('the container image', () => {
  const cleanup = new CleanupStack()
  let image: Image
  let settings: Record<string, string>
  let base: string
  let api: Running
  let worker: Running
  let filesBefore: string[]

  before(async () => {
    image = await buildImage(cleanup)
    filesBefore = await listFiles(image)
    const { TEST_POSTGRES_URL = '', TEST_REDIS_URL = '' } = process.env
    const database = `image_${randomUUID().replaceAll('-', '')}`
    await runSql(TEST_POSTGRES_URL, `create database ${database}`)
    cleanup.after(() => runSql(TEST_POSTGRES_URL, `drop database ${database} with (force)`))
    const port = await freePort()
    base = `http://127.0.0.1:${port}`
    settings = {
      DATABASE_URL: databaseUrl(TEST_POSTGRES_URL, database),
      REDIS_URL: TEST_REDIS_URL,
      JWT_SECRET_KEY: randomBytes(48).toString('base64'),
      ADMIN_USERNAME: ADMIN.username,
      ADMIN_PASSWORD: ADMIN.password,
      MIGRATE_ON_START: 'false',
      PORT: String(port),
    }
  })

  after(() => cleanup.run())

  test('is made of the official image, without root and without build tools', async () => {
    const stages = await readDockerfile()
    assert.ok(stages.length > 1)
    assert.equal(image.base, 'node:24-slim')
    assert.match(image.user, /^[1-9]\d*:[1-9]\d*$/)
    assert.equal(image.env.NODE_ENV, 'production')
    assert.equal(image.env.HOST, '0.0.0.0')
    const launcher = readFileSync(path.join(ROOT, 'scripts/launch.mjs'), 'utf8')
    assert.ok(launcher.includes(image.env.NODE_OPTIONS ?? 'none'), 'Node is run as by the launcher')
    assert.deepEqual(image.command, ['node', 'src/main.ts', 'serve'])
  })

  test('holds what production needs and nothing else', async () => {
    assert.deepEqual((await readdir(image.workdir)).sort(), [
      '.compile-cache',
      'migrations',
      'node_modules',
      'package.json',
      'src',
      'web',
    ])
    const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'))
    const names = Object.keys(packages).filter((name) => name !== '')
    const present = names.filter((name) => existsSync(path.join(image.workdir, name)))
    assert.deepEqual(
      present.filter((name) => packages[name].dev),
      [],
    )
    assert.deepEqual(
      names.filter((name) => !packages[name].dev && !packages[name].optional && !present.includes(name)),
      [],
    )
  })

  test('is given by .dockerignore what it copies, and no more', async () => {
    const { first, allowed } = await readDockerignore()
    assert.equal(first, '*')
    assert.deepEqual([...new Set(image.copied)].sort(), allowed.sort())
  })

  test('without DATABASE_URL says so in one sentence and exits with 1', async () => {
    const { code, output } = await runToEnd(image, image.command, { ...settings, DATABASE_URL: '' })
    assert.equal(code, 1)
    assert.equal(output, 'DATABASE_URL is missing, and this installation has no embedded database.\n')
  })

  test('without JWT_SECRET_KEY says so in one sentence and exits with 1', async () => {
    const { code, output } = await runToEnd(image, image.command, { ...settings, JWT_SECRET_KEY: '' })
    assert.equal(code, 1)
    assert.equal(output, 'JWT_SECRET_KEY is missing. Make one with: openssl rand -base64 48\n')
  })

  test('holds what was compiled, for its user', async (t) => {
    if (userOf(image).uid === undefined) return t.skip('its user cannot run Node here')
    const told = { ...settings, DATABASE_URL: '', NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }
    const { output } = await runToEnd(image, image.command, told)
    const reads = output.split('\n').filter((line) => /reading cache .* StrippedTypeScript /.test(line))
    assert.ok(reads.length > 20, output)
    assert.deepEqual(
      reads.filter((line) => !line.includes('success')),
      [],
    )
  })

  test('migrates an empty database, once', async () => {
    const migrate = [...image.command.slice(0, -1), 'migrate']
    const first = await runToEnd(image, migrate, settings)
    assert.equal(first.code, 0, first.output)
    assert.match(first.output, /^Applied 000001-/)
    const second = await runToEnd(image, migrate, settings)
    assert.match(second.output, /^The database is up to date\.$/m)
  })

  test('is alive and ready, and its health check says so', async () => {
    assert.equal((await runToEnd(image, image.healthcheck, settings)).code, 1)
    api = start(image, image.command, settings, cleanup)
    worker = start(image, [...image.command.slice(0, -1), 'worker'], settings, cleanup)
    await until(async () => (await statusOf(`${base}/readyz`)) === 200, 20_000, api.output)
    assert.deepEqual(await (await fetch(`${base}/readyz`)).json(), {
      status: 'ok',
      checks: { database: 'ok', redis: 'ok' },
    })
    assert.equal((await runToEnd(image, image.healthcheck, settings)).code, 0)
  })

  test('serves the console that one of its stages has built', async () => {
    const page = await (await fetch(`${base}/`)).text()
    const [, script = ''] = /<script type="module"[^>]* src="([^"]+)"/.exec(page) ?? []
    const answer = await fetch(`${base}${script}`, { headers: { 'accept-encoding': 'br' } })
    assert.deepEqual([answer.status, answer.headers.get('content-encoding')], [200, 'br'])
  })

  test('logs in the first administrator, and nobody of the demonstration', async () => {
    const loggedIn = async () => (await tokenOf(base, ADMIN.username, ADMIN.password)) !== ''
    await until(loggedIn, 10_000, api.output)
    await assert.rejects(tokenOf(base, 'admin', 'admin123'), /login answered 401/)
  })

  test('imports a CSV file with the worker', async () => {
    const body = new FormData()
    body.append('file', new Blob(['task_name,priority\nRotate the keys,HIGH\nWater the plants,URGENT\n']), 'tasks.csv')
    const headers = { authorization: `Bearer ${await tokenOf(base, ADMIN.username, ADMIN.password)}` }
    const answer = await fetch(`${base}/upload-csv`, { method: 'POST', headers, body })
    const report = await read<{ state: string; rows: number; created: number; rejected: number }>(answer)
    assert.equal(answer.status, 201, JSON.stringify(report))
    assert.deepEqual([report.state, report.rows, report.created, report.rejected], ['done', 2, 1, 1])
    const log = await read<{ tasks: { title: string }[] }>(await fetch(`${base}/tasks`, { headers }))
    assert.deepEqual(
      log.tasks.map((task) => task.title),
      ['Rotate the keys'],
    )
  })

  test('ends with 0 within ten seconds of its stop signal', async () => {
    const begun = Date.now()
    for (const running of [api, worker]) running.process.kill(image.stopSignal as NodeJS.Signals)
    assert.deepEqual(await Promise.all([api.ended, worker.ended]), [0, 0], api.output() + worker.output())
    assert.ok(Date.now() - begun < 10_000)
  })

  test('has written nothing into its own files, so that they may be read-only', async () => {
    assert.deepEqual(await listFiles(image), filesBefore)
  })
})

const read = async <T>(answer: Response) => (await answer.json()) as T

async function listFiles(image: Image): Promise<string[]> {
  return (await readdir(image.root, { recursive: true })).sort()
}

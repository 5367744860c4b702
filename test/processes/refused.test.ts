import assert from 'node:assert/strict'
import cluster from 'node:cluster'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { pino } from 'pino'
import { ProcessGroup } from '../../src/cli/process-group.ts'
import { CleanupStack } from '../support/app.ts'
import { temporaryFolder } from '../support/own-postgres.ts'
import { until } from '../support/process.ts'

const WAIT_MS = 30_000
const LISTENS = `require('node:http').createServer().listen(0, '127.0.0.1')`

/** What the machine says to a process whose folder is not there is what it says when there are too many: no. */
const REFUSALS = [
  { what: 'reported later', refuse: (folder: string) => rm(folder, { recursive: true }) },
  {
    what: 'thrown at once',
    refuse: (folder: string) => rm(folder, { recursive: true }).then(() => writeFile(folder, 'a file')),
  },
]

describe('a process that the machine refuses to start', () => {
  const cleanup = new CleanupStack()
  const lines: { ended?: string; started?: string }[] = []
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const count = (member: 'ended' | 'started') => lines.filter((line) => line[member] === 'one').length
  after(() => cleanup.run())

  async function startGroup(): Promise<{ group: ProcessGroup; cwd: string; exec: string }> {
    const folder = await temporaryFolder(cleanup)
    const cwd = path.join(folder, 'here')
    await mkdir(cwd)
    const exec = path.join(folder, 'listens.cjs')
    await writeFile(exec, LISTENS)
    cluster.setupPrimary({ exec, cwd, execArgv: [] })
    lines.length = 0
    return { group: new ProcessGroup(log, {}), cwd, exec }
  }
  const kill = () => Object.values(cluster.workers ?? {}).forEach((one) => void one?.process.kill('SIGKILL'))

  for (const { what, refuse } of REFUSALS) {
    test(`is tried again until it starts (${what})`, async () => {
      const { group, cwd } = await startGroup()
      assert.ok(await group.startFirst('one', []))
      await refuse(cwd)
      kill()
      await until(
        async () => count('ended') >= 3,
        WAIT_MS,
        () => JSON.stringify(lines),
      )
      assert.equal(count('started'), 1)
      await rm(cwd, { force: true })
      await mkdir(cwd)
      await until(
        async () => count('started') === 2,
        WAIT_MS,
        () => JSON.stringify(lines),
      )
      await group.stop(WAIT_MS)
    })

    test(`does not hold back the end of the others (${what})`, async () => {
      const { group, cwd } = await startGroup()
      assert.ok(await group.startFirst('one', []))
      await refuse(cwd)
      kill()
      await until(async () => count('ended') >= 2, WAIT_MS)
      await group.stop(WAIT_MS)
      const ended = count('ended')
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      assert.equal(count('ended'), ended)
    })
  }

  test('ends the start of all when it is the first', async () => {
    const { group, cwd } = await startGroup()
    await rm(cwd, { recursive: true })
    assert.equal(await group.startFirst('one', []), undefined)
    await group.stop(WAIT_MS)
  })
})

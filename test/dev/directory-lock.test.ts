import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { lockDirectory } from '../../dev/directory-lock.ts'
import { temporaryFolder } from '../support/own-postgres.ts'
import { until } from '../support/process.ts'

test('an owner that was killed, but that nobody has taken note of, is gone', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const folder = await temporaryFolder(t)
  // The shell becomes a program that never asks after its children, as the first process of a container may not.
  const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => void parent.kill('SIGKILL'))
  const pid = Number((await once(parent.stdout, 'data'))[0])
  const fields = async () => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  }
  await writeFile(path.join(folder, 'owner'), `${pid} ${(await fields())[19]}`)
  await until(async () => (await fields())[0] === 'Z', 5_000)
  const unlock = await lockDirectory(folder)
  await assert.rejects(lockDirectory(folder), new RegExp(`process ${process.pid}`))
  unlock()
})

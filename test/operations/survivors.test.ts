import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cloneDatabase, SECRET } from '../support/app.ts'

const MOST_BYTES = 800

test('what a statement allocates is gone with it, and does not wait for a full collection', async (t) => {
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    DATABASE_URL: await cloneDatabase(t),
    JWT_SECRET_KEY: SECRET,
  }
  const program = fileURLToPath(import.meta.resolve('./survivors.ts'))
  const { stdout } = await promisify(execFile)(process.execPath, [program], { env, timeout: 60_000 })
  const left = JSON.parse(stdout) as Record<string, number>
  assert.deepEqual(Object.keys(left), ['shared', 'alone', 'transaction'])
  for (const [way, bytes] of Object.entries(left))
    assert.ok(bytes < MOST_BYTES, `${way}: ${bytes} bytes of each are left`)
})

import { createReadStream } from 'node:fs'
import path from 'node:path'
import { type AuthService, findUserByName } from '../src/auth/index.ts'
import { originalOptions, requireTarget, stageFile } from '../src/imports/index.ts'
import type { Context } from '../src/platform/context.ts'

const SAMPLE = path.join(import.meta.dirname, 'sample-tasks.csv')
const PEOPLE = ['john_doe', 'emma_watson', 'robert_brown', 'alice_smith', 'david_lee']
const PEOPLE_PASSWORD = 'tasklog-demo'

/** An administrator, the people of the sample file and its tasks; nothing when the administrator is there already. */
export async function makeDemonstration(ctx: Context, auth: AuthService): Promise<void> {
  if (await findUserByName(ctx.db, 'admin')) return
  for (const username of PEOPLE) {
    if (await findUserByName(ctx.db, username)) continue
    await auth.createUser({ username, password: PEOPLE_PASSWORD }, 'user', true)
  }
  const admin = await auth.createUser({ username: 'admin', password: 'admin123' }, 'admin', true)
  const actor = { id: admin.id, username: admin.username, role: admin.role, sessionId: '' }
  const options = originalOptions(await requireTarget(ctx, actor, null))
  await stageFile(ctx, actor, { name: 'sample-tasks.csv', bytes: createReadStream(SAMPLE) }, options)
}

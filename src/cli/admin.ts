import { createInterface } from 'node:readline/promises'
import { AuthService, changeRole, findUserByName } from '../auth/index.ts'
import { loadConfig } from '../platform/config.ts'
import { AppError } from '../platform/errors.ts'
import { withContext } from './runtime.ts'

type Role = 'user' | 'admin'

export async function createUser(username: string, options: { role: Role; email?: string; password?: string }) {
  const password = options.password ?? (await askPassword())
  await withContext(loadConfig(), 'admin', async (ctx) => {
    const { email } = options
    const user = await new AuthService(ctx).createUser({ username, email, password }, options.role)
    console.log(`Created ${user.role} ${user.username} with id ${user.id}.`)
  })
}

export async function setRole(username: string, role: Role) {
  await withContext(loadConfig(), 'admin', async (ctx) => {
    const user = await findUserByName(ctx.db, username)
    if (!user) throw noSuchUser(username)
    await changeRole(ctx, String(user.id), role)
    console.log(`${user.username} is now ${role}.`)
  })
}

export async function resetPassword(username: string, options: { password?: string }) {
  const password = options.password ?? (await askPassword())
  await withContext(loadConfig(), 'admin', async (ctx) => {
    if (!(await new AuthService(ctx).resetPassword(username, password))) throw noSuchUser(username)
    console.log(`The password of ${username} is changed; every session has ended.`)
  })
}

const noSuchUser = (username: string) => new AppError('USER_NOT_FOUND', 404, `There is no user ${username}.`)

/** From the terminal, or the first line of standard input: a password on the command line is seen by every process. */
async function askPassword(): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  process.stderr.write('Password: ')
  try {
    for await (const line of terminal) return line
    throw new AppError('INVALID_REQUEST', 400, 'No password was given.')
  } finally {
    terminal.close()
  }
}

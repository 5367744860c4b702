import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { reasonOf } from './cli/reason.ts'
import { ConfigError } from './platform/config.ts'
import { AppError, fromDatabaseError } from './platform/errors.ts'
import { allocateYoung } from './platform/garbage.ts'

const MOST_PROCESSES = 64

allocateYoung()

/** Start here. Each command lives in a file of its own under cli/ and is loaded when it is asked for. */
const program = new Command('tasklog').description('A task back end that remembers.').showHelpAfterError()

program
  .command('serve')
  .description('run the API; settings come from the environment (see .env.example)')
  .option('--worker', 'run background jobs in the same process as well', false)
  .option('--processes <n>', 'answer requests with that many processes, which are replaced when they end', number, 1)
  .addOption(processName())
  .action(async (options) => {
    if (options.processes === 1) return (await import('./cli/serve.ts')).serve(options)
    return (await import('./cli/serve-many.ts')).serveWithProcesses(options)
  })

program
  .command('worker')
  .description('run background jobs')
  .addOption(processName())
  .action(async (options) => (await import('./cli/worker.ts')).work(options))

program
  .command('migrate')
  .description('bring the database to what this version needs')
  .action(async () => (await import('./cli/migrate.ts')).migrateCommand())

program
  .command('import')
  .description(
    'load tasks from a CSV file or a workbook (.xlsx), straight into the database or over the API of a server',
  )
  .argument('<file>', 'the file; - for standard input')
  .option('--user <username>', 'who it is done as, straight in the database')
  .option('--url <url>', 'the server, for instance http://127.0.0.1:5000')
  .option('--token <token>', 'an access token of that server; better in TASKLOG_TOKEN, where no other process sees it')
  .option('--project <id>', 'the project the tasks go to; the default project when left out')
  .option('--dry-run', 'check the whole file and write nothing')
  .addOption(new Option('--on-error <what>', 'abort: one bad row and nothing is written').choices(['skip', 'abort']))
  .option('--again', 'take a file that was imported before')
  .addOption(
    new Option('--encoding <name>', 'found from the file when left out').choices([
      'utf-8',
      'utf-16le',
      'utf-16be',
      'windows-1252',
      'iso-8859-1',
      'latin-1',
    ]),
  )
  .addOption(
    new Option('--delimiter <name>', 'found from the header when left out').choices([
      'comma',
      'semicolon',
      'tab',
      'pipe',
    ]),
  )
  .option('--sheet <name>', 'of a workbook; the first one when left out')
  .option('--date-format <format>', 'MDY, DMY or YMD; or created_at:MDY,due_date:DMY')
  .option('--mapping <json>', 'column of the file to field of the task, or to null')
  .action(async (file, options) => (await import('./cli/import.ts')).importCommand(file, options))

program
  .command('export')
  .description('write tasks to a file, straight from the database or over the API of a server')
  .addOption(new Option('--format <format>', 'what the file is').choices(['csv', 'ndjson', 'xlsx']).default('csv'))
  .option('--raw', 'CSV as it is, not made safe for spreadsheets')
  .option('--user <username>', 'only what this user may see, straight from the database')
  .option('--url <url>', 'the server, for instance http://127.0.0.1:5000')
  .option('--token <token>', 'an access token of that server; better in TASKLOG_TOKEN, where no other process sees it')
  .option('--project <id>', 'only the tasks of this project')
  .option('--as-of <time>', 'as they were at the end of that day, or at that instant')
  .option('--output <file>', 'the file, which is replaced when all is there; standard output when left out')
  .action(async (options) => (await import('./cli/export.ts')).exportCommand(options))

program
  .command('doctor')
  .description('check settings, database, Redis and migrations, and say what is wrong')
  .action(async () => (await import('./cli/doctor.ts')).doctor())

const admin = program.command('admin').description('manage accounts straight in the database')
const ROLES = ['user', 'admin']
const role = () => new Option('--role <role>', 'the role').choices(ROLES).default('user')
const password = () => new Option('--password <password>', 'read from standard input when left out')

admin
  .command('create-user')
  .description('create an account')
  .argument('<username>')
  .addOption(role())
  .option('--email <email>')
  .addOption(password())
  .action(async (username, options) => (await import('./cli/admin.ts')).createUser(username, options))

admin
  .command('set-role')
  .description('make somebody an administrator, or no longer one')
  .argument('<username>')
  .addArgument(new Argument('<role>', 'the role').choices(ROLES))
  .action(async (username, value) => (await import('./cli/admin.ts')).setRole(username, value))

admin
  .command('reset-password')
  .description('set a new password; every session of the user ends')
  .argument('<username>')
  .addOption(password())
  .action(async (username, options) => (await import('./cli/admin.ts')).resetPassword(username, options))

/** For the processes that `serve --processes` starts. */
function processName(): Option {
  return new Option('--process-name <name>').hideHelp()
}

function number(text: string): number {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > MOST_PROCESSES) throw new InvalidArgumentError(`It must be 1 to ${MOST_PROCESSES}.`)
  return value
}

/** What a person is told; undefined for what must not happen. */
function told(error: unknown): string | undefined {
  if (error instanceof ConfigError) return error.message
  if (error instanceof AppError) return [error.message, error.options.hint].filter(Boolean).join('\n')
  const known = fromDatabaseError(error)
  return known && `${known.message} (${reasonOf(error)})`
}

try {
  await program.parseAsync()
} catch (error) {
  const message = told(error)
  if (message === undefined) throw error
  console.error(message)
  process.exitCode = 1
} finally {
  // One of several processes ends now, although its wire to the main one is open.
  process.channel?.unref()
}

import { Command, Option } from 'commander'
import { ConfigError } from './platform/config.ts'
import { AppError } from './platform/errors.ts'

/** Start here. Each command lives in a file of its own under cli/ and is loaded when it is asked for. */
const program = new Command('tasklog').description('A task back end that remembers.').showHelpAfterError()

program
  .command('serve')
  .description('run the API; settings come from the environment (see .env.example)')
  .option('--worker', 'run background jobs in the same process as well', false)
  .action(async (options) => (await import('./cli/serve.ts')).serve(options))

program
  .command('worker')
  .description('run background jobs')
  .action(async () => (await import('./cli/worker.ts')).work())

program
  .command('migrate')
  .description('bring the database to what this version needs')
  .action(async () => (await import('./cli/migrate.ts')).migrateCommand())

program
  .command('import')
  .description('load tasks from a CSV file, straight into the database')
  .argument('<file>', 'the CSV file; - for standard input')
  .requiredOption('--user <username>', 'the administrator it is done as')
  .option('--project <id>', 'the project the tasks go to; the default project when left out')
  .action(async (file, options) => (await import('./cli/import.ts')).importCommand(file, options))

program
  .command('doctor')
  .description('check settings, database, Redis and migrations, and say what is wrong')
  .action(async () => (await import('./cli/doctor.ts')).doctor())

const admin = program.command('admin').description('manage accounts straight in the database')
const role = () => new Option('--role <role>', 'the role').choices(['user', 'admin']).default('user')
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
  .argument('<role>', 'user or admin')
  .action(async (username, value) => (await import('./cli/admin.ts')).setRole(username, value))

admin
  .command('reset-password')
  .description('set a new password; every session of the user ends')
  .argument('<username>')
  .addOption(password())
  .action(async (username, options) => (await import('./cli/admin.ts')).resetPassword(username, options))

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof AppError)) throw error
  console.error(error.message)
  process.exitCode = 1
}

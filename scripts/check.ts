import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { writeApiTypes } from './api-types.ts'
import { checkConsoleSize } from './console-size.ts'
import { checkSchemaDump } from './schema-dump.ts'

/** The static checks: `npm run check`, all of them, or those named. Exit code 1 when one fails. */

const root = path.resolve(import.meta.dirname, '..')
const bin = (name: string) => path.join(root, 'node_modules/.bin', name)

const CHECKS: Record<string, () => Promise<string | undefined> | string | undefined> = {
  types: checkTypes,
  lint: () => run(bin('biome'), ['ci', '--colors=off', '--error-on-warnings', '.']),
  imports: checkImports,
  'dead-code': () => run(bin('knip'), []),
  sql: checkSqlPlaces,
  environment: checkEnvironmentReads,
  console: checkConsoleSize,
  schema: () => checkSchemaDump(process.argv.includes('--write')),
}

/** @returns what is wrong, or undefined */
function run(command: string, args: string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? undefined : `${stdout}${stderr}`
}

/** The types of the API are made anew first, so that the console is checked against the API of this very code. */
async function checkTypes(): Promise<string | undefined> {
  await writeApiTypes()
  return checkProject('.') ?? checkProject('web')
}

/** What was found the last time is kept, so that only what has changed since is looked at. */
function checkProject(folder: string): string | undefined {
  const kept = `node_modules/.cache/types-${path.basename(path.resolve(root, folder))}.tsbuildinfo`
  return run(bin('tsc'), ['--noEmit', '--project', folder, '--incremental', '--tsBuildInfoFile', kept])
}

/** Fails on a count of 0 as well: with a TypeScript it cannot use, the tool reads nothing and finds nothing wrong. */
function checkImports(): string | undefined {
  const args = ['--config', '.dependency-cruiser.js', 'src', 'web/src']
  const { status, stdout, stderr } = spawnSync(bin('depcruise'), args, { cwd: root, encoding: 'utf8' })
  const modules = Number(/\((\d+) modules|(\d+) modules,/.exec(stdout)?.slice(1).find(Boolean) ?? 0)
  if (status === 0 && modules > 50) return undefined
  return modules > 50 ? `${stdout}${stderr}` : `only ${modules} modules were read\n${stdout}${stderr}`
}

/** SQL stands in queries files, in the policy that is part of them, and in what talks to the database for everybody. */
const SQL_PLACES = /(?:queries|policy|task-json)\.ts$|^src\/platform\/(?:db|migrate)\.ts$|\.test\.ts$/
const SQL = /\b(?:select\s[^'`]*\sfrom|insert into|update \w+ set|delete from|create table|drop table)\b/i

function checkSqlPlaces(): string | undefined {
  const found = sources().filter((file) => !SQL_PLACES.test(file) && SQL.test(withoutComments(read(file))))
  return found.length > 0 ? `SQL outside queries.ts: ${found.join(', ')}` : undefined
}

function checkEnvironmentReads(): string | undefined {
  const found = sources().filter(
    (file) => file !== 'src/platform/config.ts' && /process\.env\b/.test(withoutComments(read(file))),
  )
  return found.length > 0 ? `process.env is read outside config.ts: ${found.join(', ')}` : undefined
}

function sources(): string[] {
  const names = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.ts')).map((name) => path.posix.join('src', name))
}

const read = (file: string) => readFileSync(path.join(root, file), 'utf8')
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')

const asked = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))
for (const [name, check] of Object.entries(CHECKS)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const started = performance.now()
  const problem = await check()
  console.log(`${problem ? 'FAILED' : 'ok    '} ${name} (${((performance.now() - started) / 1_000).toFixed(1)} s)`)
  if (problem) {
    console.log(problem)
    process.exitCode = 1
  }
}

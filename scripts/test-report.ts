import path from 'node:path'
import { inspect } from 'node:util'

interface Outcome {
  name: string
  file?: string
  nesting: number
  skip?: string | boolean
  todo?: string | boolean
  details?: { duration_ms?: number; type?: string; error?: unknown }
  message?: string
}

/** Counts tests as they end, shows failures in full and files in a line each. */
export class Report {
  #passed = 0
  readonly #failures: string[] = []
  readonly #files = new Map<string, { tests: number; failed: number; ms: number; told: boolean }>()

  take(type: string, data: Outcome): void {
    if (type === 'test:pass' && isLeaf(data)) this.#count(data, true)
    if (type === 'test:fail' && (isLeaf(data) || isOwnFailure(data))) this.#count(data, false)
    if (type === 'test:summary' && data.file) this.#tell(path.relative(process.cwd(), data.file))
    if (type === 'test:stdout' || type === 'test:stderr') process.stdout.write(data.message ?? '')
  }

  /** The run itself failed. */
  broken(error: unknown): void {
    this.#failures.push('the test run')
    console.error(error instanceof Error ? error.message : error)
  }

  /** Prints the summary; its last line is `N passed, N failed`. @returns true when all is well */
  finish(): boolean {
    for (const file of this.#files.keys()) this.#tell(file)
    if (this.#passed + this.#failures.length === 0) this.broken(new Error('No test was run.'))
    for (const name of this.#failures) console.log(`FAILED ${name}`)
    console.log(`${this.#passed} passed, ${this.#failures.length} failed`)
    return this.#failures.length === 0
  }

  #tell(file: string): void {
    const entry = this.#files.get(file)
    if (!entry || entry.told) return
    entry.told = true
    const verdict = entry.failed > 0 ? 'FAILED' : 'ok    '
    console.log(`${verdict} ${file} (${entry.tests} tests, ${(entry.ms / 1_000).toFixed(1)} s)`)
  }

  #count(data: Outcome, passed: boolean): void {
    const file = path.relative(process.cwd(), data.file ?? data.name)
    const entry = this.#files.get(file) ?? { tests: 0, failed: 0, ms: 0, told: false }
    this.#files.set(file, entry)
    entry.tests++
    entry.ms += data.details?.duration_ms ?? 0
    if (passed) this.#passed++
    else {
      entry.failed++
      this.#failures.push(`${file}: ${data.name}`)
      console.log(`\nFAILED ${file}: ${data.name}\n${inspect(cause(data.details?.error), { depth: 6 })}\n`)
    }
  }
}

/** Suites and files are told as well, after what they hold. */
function isLeaf(data: Outcome): boolean {
  return data.details?.type !== 'suite' && !(data.file === undefined && data.nesting === 0) && !data.skip && !data.todo
}

/** A suite or file that failed for another reason than its tests: a hook, or a file that does not load. */
function isOwnFailure(data: Outcome): boolean {
  return (data.details?.error as { failureType?: string })?.failureType !== 'subtestsFailed'
}

function cause(error: unknown): unknown {
  return error instanceof Error && error.cause ? error.cause : error
}

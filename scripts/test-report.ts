import path from 'node:path'
import { inspect } from 'node:util'

interface Outcome {
  name: string
  file?: string
  /** The file that was run, where `file` is the one that defines the test. */
  entryFile?: string
  nesting: number
  skip?: string | boolean
  todo?: string | boolean
  details?: { duration_ms?: number; type?: string; error?: unknown }
  message?: string
}

/** Counts tests as they end, shows failures in full and files in a line each. */
export class Report {
  #passed = 0
  #skipped = 0
  readonly #lastNesting = new Map<string, number>()
  readonly #finished = new Set<string>()
  readonly #failures: string[] = []
  readonly #files = new Map<string, { tests: number; failed: number; ms: number; told: boolean }>()

  take(type: string, data: Outcome): void {
    if (type === 'test:pass' || type === 'test:fail') this.#take(type === 'test:pass', data)
    if (type === 'test:summary' && data.file) {
      this.#finished.add(data.file)
      this.#tell(path.relative(process.cwd(), data.file))
    }
    if (type === 'test:stdout' || type === 'test:stderr') process.stdout.write(data.message ?? '')
  }

  #take(passed: boolean, data: Outcome): void {
    const file = data.entryFile ?? data.file ?? ''
    // A test that holds others, or a suite, is told right after the last of them.
    const isLeaf = data.details?.type !== 'suite' && this.#lastNesting.get(file) !== data.nesting + 1
    this.#lastNesting.set(file, data.nesting)
    if (isFile(data) && !passed) this.#finished.add(data.name)
    if (data.skip || data.todo) this.#skipped++
    else if (passed ? isLeaf && !isFile(data) : isLeaf || isOwnFailure(data)) this.#count(data, passed)
  }

  /** A file that called process.exit, or that holds no test at all, tells of no failure: it just tells nothing more. */
  mustHaveFinished(files: string[]): void {
    for (const file of files.filter((name) => !this.#finished.has(name))) {
      const name = `${path.relative(process.cwd(), file)} ended before its tests did`
      this.#failures.push(name)
      console.log(`\nFAILED ${name}\n`)
    }
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
    if (this.#skipped > 0) console.log(`${this.#skipped} skipped`)
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
      // What was to be run after a hook that failed; the suite tells why.
      if (failureType(data) === 'cancelledByParent') return
      console.log(`\nFAILED ${file}: ${data.name}\n${inspect(cause(data.details?.error), { depth: 6 })}\n`)
    }
  }
}

/** A whole file, which is told when it told of no test itself. */
function isFile(data: Outcome): boolean {
  return data.nesting === 0 && data.name === data.file
}

/** A suite or file that failed for another reason than its tests: a hook, or a file that does not load. */
function isOwnFailure(data: Outcome): boolean {
  return failureType(data) !== 'subtestsFailed'
}

function failureType(data: Outcome): string | undefined {
  return (data.details?.error as { failureType?: string })?.failureType
}

function cause(error: unknown): unknown {
  return error instanceof Error && error.cause ? error.cause : error
}

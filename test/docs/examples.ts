import { execFile } from 'node:child_process'
import type { Fence } from './markdown.ts'

/**
 * How papers show commands that are tried here:
 *
 * - a ```sh block is run, after those before it, in one shell;
 * - a ```json block after it is what it prints: members may be left out, `…` stands for any text;
 * - a ```http block after it is the head of the answer (`curl -i`), and after an empty line its body, in the same way;
 * - a ```text block after it is what it prints, to the letter;
 * - a ```bash block is shown only.
 */
export interface Example {
  command: Fence
  answer?: Fence
}

export function examplesOf(fences: Fence[]): Example[] {
  const examples: Example[] = []
  for (const [i, fence] of fences.entries()) {
    if (fence.language !== 'sh') continue
    const next = fences[i + 1]
    const hasAnswer = next && ['json', 'http', 'text'].includes(next.language)
    examples.push(hasAnswer ? { command: fence, answer: next } : { command: fence })
  }
  return examples
}

/** Runs the commands as one script. @returns what each printed; fewer than there are when one failed */
export async function runExamples(
  examples: Example[],
  { cwd, replace }: { cwd: string; replace: (text: string) => string },
): Promise<{ printed: string[]; failure: string }> {
  const mark = '--- end of example ---'
  const script = examples.map(({ command }) => `${replace(command.text)}\nprintf '\\n%s\\n' '${mark}'`).join('\n')
  const { PATH, HOME } = process.env
  const { stdout, failure } = await new Promise<{ stdout: string; failure: string }>((resolve) => {
    const options = { cwd, env: { PATH, HOME }, timeout: 60_000, maxBuffer: 10_000_000 }
    const child = execFile('bash', ['-e', '-o', 'pipefail', '-s'], options, (error, out, err) =>
      resolve({ stdout: out, failure: error ? `${error.message}\n${err}` : '' }),
    )
    child.stdin?.end(script)
  })
  return { printed: stdout.split(`\n${mark}\n`).slice(0, -1), failure }
}

/** @returns the places in which the text differs from what the paper says, none when it holds */
export function compare(printed: string, answer: Fence): string[] {
  if (answer.language === 'text') return differences(printed.trim(), answer.text.trim(), 'output')
  if (answer.language === 'json') return differences(parse(printed), parse(answer.text), 'body')
  const [head = '', ...body] = printed.replaceAll('\r', '').split('\n\n')
  const [expectedHead = '', ...expectedBody] = answer.text.split('\n\n')
  const lines = head.split('\n').map(lowerName)
  const missing = expectedHead
    .trim()
    .split('\n')
    .filter((line) => !lines.some((given) => differences(given, lowerName(line), '').length === 0))
    .map((line) => `no line ${line} among:\n${head}`)
  if (expectedBody.length === 0) return missing
  return [...missing, ...differences(parse(body.join('\n\n')), parse(expectedBody.join('\n\n')), 'body')]
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return `not JSON: ${text}`
  }
}

const lowerName = (line: string) => line.replace(/^[\w-]+:/, (name) => name.toLowerCase())

/** `actual` may hold more members than `expected`, not more items. */
function differences(actual: unknown, expected: unknown, place: string): string[] {
  if (typeof expected === 'string' && typeof actual === 'string' && expected.includes('…')) {
    const pattern = expected.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    return new RegExp(`^${pattern.join('[\\s\\S]*')}$`).test(actual) ? [] : [`${place}: ${actual} is not ${expected}`]
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const shown = expected.at(-1) === '…' ? expected.slice(0, -1) : expected
    const rightLength = shown.length < expected.length ? actual.length >= shown.length : actual.length === shown.length
    if (!rightLength) return [`${place}: ${actual.length} items, not ${expected.length}: ${JSON.stringify(actual)}`]
    return shown.flatMap((item, i) => differences(actual[i], item, `${place}[${i}]`))
  }
  if (isObject(expected) && isObject(actual)) {
    return Object.entries(expected).flatMap(([name, value]) => differences(actual[name], value, `${place}.${name}`))
  }
  return Object.is(actual, expected) ? [] : [`${place}: ${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

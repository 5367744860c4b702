import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { parseEnv } from 'node:util'
import { loadConfig } from '../../src/platform/config.ts'
import { ROOT, read, tableRows } from './markdown.ts'

/** Lists in papers are compared with the source, both ways. */
describe('settings', () => {
  const reads = read('src/platform/config.ts').matchAll(/(?:\benv|\bEnvReader\(env\))\.\w+\(\s*'([A-Z_]+)'/g)
  const inConfig = [...reads].map(([, name = '']) => name)
  const example = read('.env.example')
  const inExample = new Map([...example.matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map((m) => [m[1] ?? '', m[2] ?? '']))
  const inReadme = new Map(
    tableRows(read('README.md'))
      .filter(([name = '']) => /^`[A-Z_]+`$/.test(name))
      .map(([name = '', fallback = '']) => [name.slice(1, -1), fallback.replaceAll('`', '')]),
  )

  test('in config.ts, .env.example and README.md are the same', () => {
    assert.ok(inConfig.length > 20)
    assert.deepEqual([...inExample.keys()].sort(), [...inConfig].sort())
    assert.deepEqual([...inReadme.keys()].sort(), [...inConfig].sort())
  })

  test('have the same defaults in .env.example and README.md', () => {
    assert.deepEqual(Object.fromEntries(inReadme), Object.fromEntries([...inExample].sort(byOrderOf(inReadme))))
  })

  test('in .env.example are what config.ts takes when nothing is set', () => {
    assert.deepEqual(loadConfig(Object.fromEntries(inExample)), loadConfig({}))
  })

  test('change nothing when .env.example is copied to .env', () => {
    assert.deepEqual(parseEnv(example), {})
  })

  test('are explained, each of them', () => {
    const lines = example.split('\n')
    for (const name of inExample.keys()) {
      const before = lines
        .slice(
          0,
          lines.findIndex((line) => line.startsWith(`# ${name}=`)),
        )
        .reverse()
      const own = before.slice(0, before.indexOf(''))
      assert.ok(own.length > 0, name)
    }
  })

  const byOrderOf = (order: Map<string, string>) => (a: [string, string], b: [string, string]) =>
    [...order.keys()].indexOf(a[0]) - [...order.keys()].indexOf(b[0])
})

describe('docs/api/errors.md', () => {
  const source = sources('src').map((file) => ({ file, text: read(file) }))
  const made = source.flatMap(({ text }) => [
    ...[...text.matchAll(/new AppError\(\s*'([A-Z_]+)',\s*(\d{3})/g)].map((m) => `${m[1]} ${m[2]}`),
    ...[...text.matchAll(/endWith\(\w+, (\d{3}), '([A-Z_]+)'\)/g)].map((m) => `${m[2]} ${m[1]}`),
  ])
  const rows = tableRows(read('docs/api/errors.md'))

  test('lists every code that the source makes, with its status, and no other', () => {
    const listed = rows.filter((row) => row.length === 4).map(([code = '', status]) => `${code.slice(1, -1)} ${status}`)
    assert.ok(listed.length > 30)
    assert.deepEqual(listed.toSorted(), [...new Set(made)].sort())
  })

  test('can be complete: no code is put together at run time', () => {
    for (const { file, text } of source) {
      const all = text.match(/new AppError\(/g)?.length ?? 0
      const literal = text.match(/new AppError\(\s*'[A-Z_]+',\s*\d{3}/g)?.length ?? 0
      assert.equal(literal, all, file)
    }
  })

  test('lists the reasons for refusing a file, and no other', () => {
    const reasons = rows.filter((row) => row.length === 2).map(([reason = '']) => reason.slice(1, -1))
    const [, union = ''] = /type CsvFileErrorCode = (.*)/.exec(read('src/imports/csv-file.ts')) ?? []
    // Too large a file has a code of its own, and rows are not limited.
    const inSource = wordsOf(union).filter((code) => !['FILE_TOO_LARGE', 'TOO_MANY_ROWS'].includes(code))
    assert.deepEqual(reasons.sort(), inSource.sort())
  })
})

describe('src/imports/README.md', () => {
  const rows = tableRows(read('src/imports/README.md'))

  test('lists every reason to reject a row and to fail, and no other', () => {
    const listed = rows.map(([code = '']) => code.slice(1, -1)).filter((code) => /^[A-Z_]+$/.test(code))
    const [, union = ''] = /type RejectCode = (.*)/.exec(read('src/imports/csv-file.ts')) ?? []
    const files = ['check-queries', 'receiving-queries', 'run-import', 'run-undo']
    const checked = files.flatMap((file) =>
      [...read(`src/imports/${file}.ts`).matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g)].map(([, code]) => code),
    )
    assert.deepEqual(listed.sort(), [...new Set([...wordsOf(union), ...checked])].sort())
  })

  test('lists every state of an import, and no other', () => {
    const listed = rows.map(([state = '']) => state.slice(1, -1)).filter((state) => /^[a-z]+$/.test(state))
    const [, union = ''] = /IMPORT_STATES = \[([^\]]*)\]/.exec(read('src/imports/queries.ts')) ?? []
    assert.deepEqual(listed.sort(), wordsOf(union).sort())
  })
})

describe('src/classic/README.md', () => {
  const paper = read('src/classic/README.md')

  test('lists every column of a CSV file, and no other', () => {
    const listed = tableRows(paper.slice(paper.indexOf('## The CSV file'))).map(([name = '']) => name.slice(1, -1))
    const [, columns = ''] = /const COLUMNS = \{([^}]*)\}/.exec(read('src/imports/columns.ts')) ?? []
    assert.deepEqual(listed.sort(), [...columns.matchAll(/(\w+):/g)].map((m) => m[1]).sort())
  })

  test('lists the eight routes, and no other', () => {
    const listed = [...paper.matchAll(/^\| `([A-Z]+ \/\S+)` \|/gm)].map(([, route = '']) =>
      route.replace('<id>', ':id'),
    )
    const routes = ['routes', 'upload'].flatMap((name) =>
      [...read(`src/classic/${name}.ts`).matchAll(/app\.(get|post|put|delete)\('([^']+)'/g)].map(
        ([, method = '', url]) => `${method.toUpperCase()} ${url}`,
      ),
    )
    assert.equal(listed.length, 8)
    assert.deepEqual(listed.sort(), routes.sort())
  })
})

const wordsOf = (union: string) => [...union.matchAll(/'(\w+)'/g)].map(([, word = '']) => word)

function sources(folder: string): string[] {
  const names = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => path.posix.join(folder, name))
}

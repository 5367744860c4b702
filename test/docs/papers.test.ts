import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { anchorsOf, fencesOf, listPapers, proseOf, ROOT, read } from './markdown.ts'

const papers = listPapers()
const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
const commands = [...read('src/main.ts').matchAll(/program\s*\.command\('([a-z-]+)'\)/g)].map(([, name]) => name)
const SHORTHANDS = new Set(['ci', 'install', 'exec'])

/** What papers point at is there. */
describe('papers', () => {
  test('are those the project promises', () => {
    for (const paper of [
      ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
      ...['docs/api/guide.md', 'docs/api/errors.md', 'docs/operations.md', 'src/classic/README.md'],
      ...['src/imports/README.md', 'src/history/README.md', 'src/auth/README.md'],
    ]) {
      assert.ok(papers.includes(paper), paper)
    }
  })

  for (const paper of papers) {
    const text = read(paper)

    test(`${paper}: links lead somewhere`, () => {
      for (const [, target = ''] of proseOf(text).matchAll(/\]\(<?([^)>\s]+)>?\)/g)) {
        if (/^(?:https?|mailto):/.test(target)) continue
        const [file = '', anchor] = target.split('#')
        const found = path.posix.join(path.posix.dirname(paper), file)
        const full = file === '' ? paper : found
        assert.ok(existsSync(path.join(ROOT, full)), `${target} is not there`)
        if (anchor !== undefined) assert.ok(anchorsOf(read(full)).includes(anchor), `${target}: no such heading`)
      }
    })

    test(`${paper}: named files exist`, () => {
      for (const [, name = ''] of proseOf(text).matchAll(
        /`([\w.-]+\/[\w./-]*|[\w-]+\.(?:ts|mjs|md|yaml|json|csv))`/g,
      )) {
        if (!isOurs(name)) continue
        const places = [name, path.posix.join(path.posix.dirname(paper), name)]
        assert.ok(
          places.some((place) => existsSync(path.join(ROOT, place))) || isKindOfFile(name),
          `${name} is not there`,
        )
      }
    })

    test(`${paper}: named npm scripts exist`, () => {
      const everything = `${proseOf(text)}\n${fencesOf(text)
        .map((fence) => fence.text)
        .join('\n')}`
      for (const [, run, name = ''] of everything.matchAll(/\bnpm (run )?([a-z][\w:-]*)/g)) {
        if (!run && SHORTHANDS.has(name)) continue
        if (run || /\bnpm (?:start|test|[a-z-]+ --)/.test(`npm ${name}`)) {
          assert.ok(scripts.includes(name), `npm ${run ?? ''}${name}`)
        }
      }
    })

    test(`${paper}: commands of the product that are shown can be typed`, () => {
      for (const [, name] of text.matchAll(/\bnode src\/main\.ts ([a-z][a-z-]*)/g)) {
        assert.ok(commands.includes(name as string), `node src/main.ts ${name}`)
      }
      for (const fence of fencesOf(text)) {
        if (!/^(?:ba)?sh$/.test(fence.language)) continue
        assert.doesNotMatch(fence.text, /^(?:\w+=\S+ )*tasklog /m, 'nothing installs a command of that name')
      }
    })

    test(`${paper}: no path of somebody's machine`, () => {
      assert.doesNotMatch(text, /(?:^|[\s"'(`])\/(?:home|root|work|Users|tmp)\//m)
    })
  }
})

/** Folders of the project; what begins otherwise is a route, a command or a library. */
function isOurs(name: string): boolean {
  return /^(?:src|dev|test|docs|scripts|migrations|bench)\//.test(name) || !name.includes('/')
}

/** File names that stand for one in each feature, or one that a person makes. */
function isKindOfFile(name: string): boolean {
  const kinds = ['index', 'routes', 'schemas', 'service', 'queries', 'jobs', 'errors']
  return kinds.some((kind) => name === `${kind}.ts`)
}

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { ROOT } from './dockerfile.ts'

interface Package {
  version?: string
  link?: boolean
  optionalDependencies?: Record<string, string>
}

/** `npm install` drops what it does not find for this platform, and `npm ci` refuses such a file everywhere. */
test('package-lock.json names every optional dependency, also those of other platforms', () => {
  const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'))
  const packages: Record<string, Package> = lock.packages
  const missing = Object.entries(packages).flatMap(([at, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`node_modules/${name}`] && !packages[`${at}/node_modules/${name}`],
    ),
  )
  assert.deepEqual(missing, [])
})

test('package-lock.json asks for what package.json asks for', () => {
  const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')).packages['']
  const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
  assert.deepEqual(lock.dependencies, manifest.dependencies)
  assert.deepEqual(lock.devDependencies, manifest.devDependencies)
})

import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Scope } from '../support/app.ts'

/** Follows a Dockerfile on this machine: its own COPY and RUN steps, in empty folders, without an engine. */

export const ROOT = path.resolve(import.meta.dirname, '../..')

interface Stage {
  base: string
  steps: { name: string; rest: string }[]
}

export interface Image {
  base: string
  /** What is `/` in the container. */
  root: string
  /** Where its process starts, on this machine. */
  workdir: string
  env: Record<string, string>
  user: string
  command: string[]
  healthcheck: string[]
  stopSignal: string
  /** What is copied out of the project, by any stage. */
  copied: string[]
}

export async function readDockerfile(): Promise<Stage[]> {
  const text = await readFile(path.join(ROOT, 'Dockerfile'), 'utf8')
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
  const stages: Stage[] = []
  for (const line of lines.map((l) => l.trim()).filter(Boolean)) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push({ base: rest, steps: [] })
    else stages.at(-1)?.steps.push({ name, rest })
  }
  return stages
}

/** What .dockerignore lets through, as it is written here: everything is ignored, but for the names with a `!`. */
export async function readDockerignore(): Promise<{ first: string; allowed: string[] }> {
  const text = await readFile(path.join(ROOT, '.dockerignore'), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  return { first: lines[0] ?? '', allowed }
}

/** Follows the steps; the folders go with `scope`. */
export async function buildImage(scope: Scope): Promise<Image> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-image-'))
  await chmod(folder, 0o755) // the image's user must get in
  scope.after(() => rm(folder, { recursive: true, force: true }))
  const copied: string[] = []
  const roots = new Map<string, string>()
  let image: Image | undefined
  for (const [index, stage] of (await readDockerfile()).entries()) {
    const root = path.join(folder, String(index))
    const [base = '', as] = stage.base.split(/\s+as\s+/i)
    if (as) roots.set(as, root)
    image = await followStage(stage, { root, roots, copied, base })
  }
  if (!image) throw new Error('the Dockerfile has no stage')
  return image
}

async function followStage(
  stage: Stage,
  { root, roots, copied, base }: { root: string; roots: Map<string, string>; copied: string[]; base: string },
): Promise<Image> {
  const image = { base, root, workdir: root, env: {}, user: 'root', stopSignal: 'SIGTERM', copied } as unknown as Image
  await mkdir(root, { mode: 0o755 })
  for (const { name, rest } of stage.steps) {
    if (name === 'WORKDIR') {
      image.workdir = path.join(root, rest)
      await mkdir(image.workdir, { recursive: true })
    } else if (name === 'COPY') await copy(rest, image, roots, copied)
    else if (name === 'RUN') await run(rest, image)
    else if (name === 'ENV')
      for (const [, name = '', quoted, plain = ''] of rest.matchAll(/(\w+)=(?:"(.*?)"|(\S*))/g))
        image.env[name] = quoted ?? (plain.startsWith('/') ? path.join(root, plain) : plain)
    else if (name === 'USER') image.user = rest
    else if (name === 'CMD') image.command = JSON.parse(rest)
    else if (name === 'STOPSIGNAL') image.stopSignal = rest
    else if (name === 'HEALTHCHECK') image.healthcheck = JSON.parse(rest.replace(/^.*?CMD\s+/, ''))
    else if (name !== 'EXPOSE') throw new Error(`this test does not know ${name}`)
  }
  return image
}

async function copy(rest: string, image: Image, roots: Map<string, string>, copied: string[]): Promise<void> {
  const [, from, list = ''] = /^(?:--from=(\S+)\s+)?(.*)$/.exec(rest) ?? []
  const names = list.split(/\s+/)
  const target = path.resolve(image.workdir, names.pop() ?? '')
  for (const name of names) {
    if (!from) copied.push(name)
    const source = from ? path.join(roots.get(from) ?? '', name) : path.join(ROOT, name)
    const into = names.length > 1 || rest.endsWith('/') ? path.join(target, path.basename(name)) : target
    const isIgnored = (file: string) => !from && /\.(?:test\.ts|md)$|\/web\/dist$/.test(file)
    await cp(source, into, { recursive: true, filter: (file) => !isIgnored(file) })
  }
}

/** How this machine reaches the registry; nothing else of its environment. */
const KEPT = /^(?:PATH|HOME|npm_config_(?:cache|registry|cafile)|NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy)$/i

async function run(command: string, image: Image): Promise<void> {
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => KEPT.test(name)))
  const env = { ...kept, ...image.env, npm_config_prefer_offline: 'true' }
  await promisify(execFile)('sh', ['-c', command], { cwd: image.workdir, env })
}

import { readFile, writeFile } from 'node:fs/promises'
import { flameGraph } from './suite/flame.ts'
import { type CpuProfile, Profile } from './suite/profile.ts'

/**
 * Where the time of a CPU profile goes, from the first request to the last: by who did it, and as a flame graph.
 * `node scripts/launch.mjs bench/profile.ts FILE.cpuprofile [docs/flame-cached-list.svg]`; bench/costs.ts --profile makes the file.
 */
const [file, out] = process.argv.slice(2)
if (!file) throw new Error('which profile?')
const profile = new Profile(JSON.parse(await readFile(file, 'utf8')) as CpuProfile)
const shares = [...profile.byPart()].sort(([, a], [, b]) => b - a)
for (const [part, share] of shares.slice(0, 25)) console.log(`${(100 * share).toFixed(1).padStart(5)} %  ${part}`)
if (out) await writeFile(out, flameGraph(profile.tree()))

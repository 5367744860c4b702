import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * Keeps a second process out of a data directory. A lock whose owner is gone (killed, or its number is another
 * program's by now) is taken over.
 *
 * @returns a function that gives the lock back
 * @throws Error naming the owner
 */
export async function lockDirectory(directory: string): Promise<() => void> {
  const file = path.join(directory, 'owner')
  const mine = `${process.pid} ${startTime(process.pid)}`
  for (let attempt = 0; attempt < 100; attempt++) {
    if (createLock(file, mine)) return () => void (read(file) === mine && rmSync(file, { force: true }))
    const owner = read(file)
    if (owner && isAlive(owner)) {
      const pid = owner.split(' ')[0]
      throw new Error(
        `Another Tasklog (process ${pid}) is using ${directory}. Stop it, or set DATA_DIR to another folder.`,
      )
    }
    // An empty one is being written at this moment, unless it stays empty.
    if (owner || attempt > 50) removeStaleLock(file)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`Another Tasklog is starting in ${directory}.`)
}

function createLock(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * One process at a time, and it looks again: otherwise the slower of two that found the same dead owner would remove
 * the lock that the faster one has made for itself in between.
 */
function removeStaleLock(file: string): void {
  const guard = `${file}.takeover`
  try {
    mkdirSync(guard)
  } catch {
    // Held for a fraction of a millisecond, so one of five seconds was left by a process killed right then.
    const made = statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - made > 5_000) rmSync(guard, { recursive: true, force: true })
    return
  }
  const owner = read(file)
  if (!owner || !isAlive(owner)) rmSync(file, { force: true })
  rmdirSync(guard)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function isAlive(owner: string): boolean {
  const [pid = '', ...started] = owner.split(' ')
  return isRunning(Number(pid)) && startTime(Number(pid)) === started.join(' ')
}

/** Whether a process of this number runs, whoever it belongs to. */
export function isRunning(pid: number): boolean {
  if (!pid || hasEnded(pid)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A process that has ended keeps its number until its parent asks for it, which not every first process does soon. */
function hasEnded(pid: number): boolean {
  return /^[ZX]/.test(fieldsOf(pid)[0] ?? '')
}

/** The fields of /proc/<pid>/stat from the third on, the state. */
function fieldsOf(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Tells a process from a later one of the same number: field 22 of /proc/<pid>/stat, or what ps says. */
function startTime(pid: number): string {
  if (process.platform !== 'linux')
    return spawnSync('ps', ['-o', 'lstart=', '-p', `${pid}`])
      .stdout?.toString()
      .trim()
  return fieldsOf(pid)[19] ?? ''
}

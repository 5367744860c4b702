import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * Keeps a second process out of a data directory. A lock whose owner is gone (killed, or the number belongs to a later
 * process by now) is taken over.
 *
 * @returns a function that gives the lock back
 * @throws Error naming the owner
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const file = path.join(directory, 'owner')
  const mine = `${process.pid} ${await startTime(process.pid)}`
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await mkdir(directory, { recursive: true })
      await writeFile(file, mine, { flag: 'wx' })
      return () => rm(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const [pid = '', started = ''] = (await readFile(file, 'utf8').catch(() => '')).split(' ')
    if (Number(pid) !== process.pid && isAlive(Number(pid)) && (await startTime(Number(pid))) === started) {
      throw new Error(
        `Another Tasklog (process ${pid}) is using ${directory}. Stop it, or set DATA_DIR to another folder.`,
      )
    }
    await rm(file, { force: true })
  }
  throw new Error(`Another Tasklog is starting in ${directory}.`)
}

function isAlive(pid: number): boolean {
  if (!pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Field 22 of /proc/<pid>/stat tells a process from a later one with its number; empty where there is no /proc. */
async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

import { readFileSync } from 'node:fs'
import v8 from 'node:v8'

/** Of a process on Linux, in MB. @param name as /proc/PID/status names it (proc(5)): VmRSS for now, VmHWM for its peak */
export function megabytesOf(pid: number | undefined, name: 'VmRSS' | 'VmHWM' | 'RssAnon' | 'RssFile'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024)
}

/** What this process has in its old generation, in bytes. */
export function oldBytes(): number {
  return v8.getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')?.space_used_size ?? 0
}

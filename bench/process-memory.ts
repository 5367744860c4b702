import { readFileSync } from 'node:fs'
import type { ServerProcess } from '../test/support/process.ts'

/** The peaks of a process, in MB: of all of it, of its own memory, and of the files it maps, which others share. */
export interface MemoryPeak {
  all: number
  own: number
  files: number
}

/** Looks ten times a second until told to stop; the peak of all is the kernel's own. */
export function watchMemory({ child }: ServerProcess): () => MemoryPeak {
  const peak = { all: 0, own: 0, files: 0 }
  const look = () => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    const megabytes = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024)
    peak.all = megabytes('VmHWM')
    peak.own = Math.max(peak.own, megabytes('RssAnon'))
    peak.files = Math.max(peak.files, megabytes('RssFile'))
  }
  const timer = setInterval(look, 100)
  return () => {
    clearInterval(timer)
    look()
    return peak
  }
}

export const memoryText = (name: string, { all, own, files }: MemoryPeak) =>
  `${name} ${all} MB (own ${own}, mapped files ${files})`

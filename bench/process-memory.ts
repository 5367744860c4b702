import type { ServerProcess } from '../test/support/process.ts'
import { megabytesOf } from '../test/support/process-memory.ts'

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
    peak.all = megabytesOf(child.pid, 'VmHWM')
    peak.own = Math.max(peak.own, megabytesOf(child.pid, 'RssAnon'))
    peak.files = Math.max(peak.files, megabytesOf(child.pid, 'RssFile'))
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

import { type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { storageFull } from './errors.ts'

/**
 * A file in the system's folder for such (TMPDIR), which has no name any more once it is open: when the process dies,
 * nothing stays. To be closed by whoever asked for it.
 *
 * @throws AppError STORAGE_FULL (507)
 */
export async function openTemporaryFile(): Promise<FileHandle> {
  const name = path.join(tmpdir(), `tasklog-${crypto.randomUUID()}`)
  return orStorageFull(async () => {
    const file = await open(name, 'wx+', 0o600)
    await rm(name)
    return file
  })
}

const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EACCES', 'ENOENT']

/** @throws AppError STORAGE_FULL (507) where the folder takes nothing, or nothing more */
export async function orStorageFull<T>(write: () => Promise<T>): Promise<T> {
  return write().catch((error: NodeJS.ErrnoException) => {
    throw NO_ROOM.includes(error.code ?? '') ? storageFull(error) : error
  })
}

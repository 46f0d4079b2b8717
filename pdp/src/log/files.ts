/**
 * File operations of the log, each with a stated durability, behind a port so that a test can make any of them fail.
 *
 * @module
 */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

/** An append-only file. Nothing written is durable before {@link sync}. */
export interface AppendFile {
  /** Appends the bytes. When it rejects, any part of them may have been written. */
  write(bytes: Uint8Array): Promise<void>
  /** `fdatasync`. */
  sync(): Promise<void>
  /** Truncates the file to `length` bytes; later writes are appended there. */
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** Every file-system operation of the log. Paths are absolute. */
export interface Files {
  /** The whole file, or `undefined` when there is none. */
  read(path: string): Promise<Uint8Array | undefined>
  /** Names in a directory, sorted; empty when the directory is absent. */
  list(path: string): Promise<readonly string[]>
  /** Creates a directory and its parents with mode 0700, durably. */
  makeDirectory(path: string): Promise<void>
  /** Creates a file with mode 0600; rejects when it exists. */
  create(path: string): Promise<AppendFile>
  /** Replaces a file atomically: written at `temporary`, synced, renamed. The name is durable after {@link syncDirectory}. */
  replace(path: string, bytes: Uint8Array, temporary: string): Promise<void>
  syncDirectory(path: string): Promise<void>
  /** Removes a file, or a directory recursively. No error when absent. */
  remove(path: string): Promise<void>
  /** Takes an exclusive lock that the kernel releases when the process ends. Rejects while it is held. @returns The release function. */
  lock(path: string): Promise<() => void>
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Writes all bytes, in as many writes as it takes. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

function appendFile(handle: FileHandle): AppendFile {
  let position = 0
  return {
    write: async (bytes) => {
      await writeAll(handle, bytes, position)
      position += bytes.length
    },
    sync: () => handle.datasync(),
    truncate: async (length) => {
      await handle.truncate(length)
      position = length
    },
    close: () => handle.close(),
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function makeDirectory(path: string): Promise<void> {
  const topmost = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE })
  if (topmost === undefined) return
  for (let made = path; made.length >= topmost.length; made = dirname(made)) await syncDirectory(dirname(made))
}

async function replace(path: string, bytes: Uint8Array, temporary: string): Promise<void> {
  const handle = await open(temporary, 'w', FILE_MODE)
  try {
    await writeAll(handle, bytes, 0)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
}

/** An exclusive SQLite lock: the only kernel file lock that Node has without a native module. Nothing is stored in the file. */
async function lock(path: string): Promise<() => void> {
  await (await open(path, 'a', FILE_MODE)).close()
  const database = new DatabaseSync(path)
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw error
  }
  return () => database.close()
}

/** The real file system. */
export function nodeFiles(): Files {
  return {
    read: async (path) => {
      try {
        return await readFile(path)
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    },
    list: async (path) => {
      try {
        return (await readdir(path)).sort()
      } catch (error) {
        if (isAbsent(error)) return []
        throw error
      }
    },
    makeDirectory,
    create: async (path) => appendFile(await open(path, 'wx', FILE_MODE)),
    replace,
    syncDirectory,
    remove: (path) => rm(path, { recursive: true, force: true }),
    lock,
  }
}

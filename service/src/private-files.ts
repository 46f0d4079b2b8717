/**
 * Private files, written so that a crash leaves the old content or the new, never half of one.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'

/** Creates the folder and its parents, 0700 where they are new. */
export function privateFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return path
}

/** Replaces `file` (0600) by way of a temporary file beside it: written, synced, renamed, folder synced. */
export function writeAtomically(file: string, content: string): void {
  const folder = privateFolder(dirname(file))
  const aside = join(folder, `.${randomBytes(6).toString('hex')}.tmp`)
  const handle = openSync(aside, 'wx', 0o600)
  try {
    writeSync(handle, content)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(aside, file)
  const parent = openSync(folder, 'r')
  try {
    fsyncSync(parent)
  } finally {
    closeSync(parent)
  }
}

/** The parsed content of a JSON file, or `undefined` when there is no such file. Other errors are thrown. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Permission bits: `secret` of a file that only its owner may read, `public` of one that others may read and not write. */
const FORBIDDEN = { secret: 0o077, public: 0o002 } as const
/** A folder in which everybody may replace files, unless it has the sticky bit. */
const WRITABLE = 0o002
const STICKY = 0o1000

/**
 * What is wrong with the permissions of a file that the caller is to trust, by the rule that ssh has for its keys; `undefined` when nothing is.
 *
 * Files of other users, such as secrets that a container runtime mounts, and what is no regular file (a pipe) are not judged; neither are files on Windows, nor a
 * file that cannot be read at all.
 *
 * @param kind - `public` for a public key: others may read it. @default 'secret'
 */
export function exposureOf(file: string, kind: keyof typeof FORBIDDEN = 'secret'): string | undefined {
  const user = process.getuid?.()
  const found = statSync(file, { throwIfNoEntry: false })
  if (user === undefined || !found?.isFile() || found.uid !== user) return undefined
  if ((found.mode & FORBIDDEN[kind]) !== 0)
    return `other users may ${kind === 'secret' ? 'read or change' : 'change'} it (mode ${modeText(found.mode)})`
  return folderExposure(dirname(realpathSync(file)))
}

/** Likewise for a folder that a file is to be written to. */
export function folderExposure(folder: string): string | undefined {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (process.getuid === undefined || found === undefined) return undefined
  if ((found.mode & WRITABLE) === 0 || (found.mode & STICKY) !== 0) return undefined
  return `other users may replace it: everybody may write to its folder (mode ${modeText(found.mode)})`
}

const modeText = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0')

/**
 * Private files, written so that a crash leaves the old content or the new, never half of one.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

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

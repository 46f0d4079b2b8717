/**
 * Why a path that a person named cannot be read.
 *
 * @module
 */
import { statSync } from 'node:fs'

/**
 * What is wrong with a path, as a sentence without its full stop; `undefined` for one that exists and is of the kind. Says nothing about permissions.
 *
 * @param wanted - A device or a pipe counts as a file, since `--token-file <(…)` is one.
 */
export function pathObjection(path: string, wanted: 'file' | 'folder'): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return `${path} does not exist`
  if (wanted === 'folder' && !found.isDirectory()) return `${path} is a file, and a folder is needed`
  if (wanted === 'file' && found.isDirectory()) return `${path} is a folder, and a file is needed`
  return undefined
}

/** {@link pathObjection} of a file whose reading failed, which may be unreadable for another reason. */
export function unreadable(path: string): string {
  const objection = pathObjection(path, 'file')
  return objection === undefined
    ? `${path} cannot be read`
    : `${path} cannot be read: ${objection.slice(path.length + 1)}`
}

/**
 * Files with secrets that a command writes where the person says: private, replaced as a whole, never written through a link or into a device.
 *
 * @module
 */
import { lstatSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { folderExposure, writeAtomically } from '@mandate/service/private-files'
import { CommandError, EXIT } from './exit.ts'

/**
 * Whether there is a file, which may be replaced.
 *
 * @throws CommandError (exit 65) when the path is a link, a folder or a device; 77 when other users may replace what is written there
 */
export function requireReplaceable(path: string): boolean {
  const exposure = folderExposure(dirname(resolve(path)))
  if (exposure !== undefined) {
    const detail = `Other users${exposure.slice('other users'.length)}.`
    const mend = 'Name a file in a folder of your own with --out.'
    throw new CommandError(EXIT.refused, `${path} would not be private.`, { code: 'not_private', detail, mend })
  }
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.isFile()) return found !== undefined
  throw new CommandError(EXIT.data, `${path} exists, and is no regular file.`, {
    code: 'file',
    mend: 'Name another file with --out.',
  })
}

/** Replaces the file, 0600 whatever mode it had. @throws CommandError (exit 65) when it cannot be written */
export function writePrivate(path: string, content: string): void {
  try {
    writeAtomically(path, content)
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : undefined
    throw new CommandError(EXIT.data, `${path} cannot be written.`, { code: 'file', detail, cause })
  }
}

/**
 * Files with secrets that a command writes where the person says: private, replaced as a whole, never written through a link or into a device.
 *
 * @module
 */
import { lstatSync } from 'node:fs'
import { writeAtomically } from '@mandate/service/private-files'
import { CommandError, EXIT } from './exit.ts'

/**
 * Whether there is a file, which may be replaced.
 *
 * @throws CommandError (exit 65) when the path is a link, a folder or a device
 */
export function requireReplaceable(path: string): boolean {
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

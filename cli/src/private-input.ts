/**
 * Files with secrets that a command reads. One rule for all of them, that of ssh: no other user may read, change or replace the file.
 *
 * @module
 */
import { exposureOf } from '@mandate/service/private-files'
import { CommandError, EXIT } from './exit.ts'
import { readRequired } from './inputs.ts'

/** @throws CommandError (exit 77) when other users may read, change or replace the file. A file that is not there passes. */
export function requirePrivate(path: string): void {
  const exposure = exposureOf(path)
  if (exposure === undefined) return
  const isFolder = exposure.includes('folder')
  throw new CommandError(EXIT.refused, `${path} is not private.`, {
    code: 'not_private',
    detail: `${exposure.charAt(0).toUpperCase()}${exposure.slice(1)}.`,
    mend: isFolder
      ? 'Move it to a folder of your own.'
      : `Make it private: chmod 600 ${path}. Replace the secret if others may have read it.`,
  })
}

/** Reads a token, key or client secret, without white space around it. @throws CommandError (exit 66, or 77 when the file is not private) */
export async function readSecret(path: string): Promise<string> {
  requirePrivate(path)
  return (await readRequired(path)).trim()
}

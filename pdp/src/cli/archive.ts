/**
 * `npm run log -- archive` and `npm run log -- restore`: moves the oldest entries of a log into an encrypted archive, and back. The PDP may run.
 *
 * Exit codes: 0 done, 64 wrong usage, 70 the log or the archive cannot be read or written, or is damaged.
 *
 * @module
 */
import { join } from 'node:path'
import { Fault, instantSchema } from '@mandate/protocol'
import { ConfigError } from '@mandate/service'
import { archivePrefix, restorePrefix } from '../log/archive.ts'
import { nodeFiles } from '../log/files.ts'
import { readKey } from '../store/vault-key.ts'
import { originOf } from './index-maintenance.ts'

const USAGE = 64
const FAILED = 70

export interface ArchiveOptions {
  /** The PDP's data directory. */
  readonly directory: string
  readonly archive?: string | undefined
  readonly before?: string | undefined
  /** 32 bytes, hexadecimal or base64. */
  readonly key: string | undefined
}

/** @param say - Prints a line. @returns The exit code. */
export async function runArchive(
  command: 'archive' | 'restore',
  { directory, archive, before, key }: ArchiveOptions,
  say: (line: string) => void,
): Promise<number> {
  const problems = [
    ...(archive ? [] : ['--archive: must be the directory of the archive']),
    ...(command === 'restore' || instantSchema.safeParse(before).success ? [] : ['--before: must be an RFC 3339 time']),
    ...(key ? [] : ['MANDATE_ARCHIVE_KEY: must be 32 bytes; generate them: openssl rand -hex 32']),
  ]
  for (const problem of problems) say(problem)
  if (!archive || !key || problems.length > 0) return USAGE
  try {
    const origin = await originOf({ directory })
    const secret = readKey('MANDATE_ARCHIVE_KEY', key)
    const options = { files: nodeFiles(), dir: join(directory, 'log'), origin, archive, key: secret }
    if (command === 'restore') {
      say(`${await restorePrefix(options)} entries restored into the log`)
      return 0
    }
    const { sealed, was } = await archivePrefix(options, Date.parse(before ?? ''))
    say(`${sealed - was} entries archived now, ${sealed} in total; ${archive} holds the only copy`)
    return 0
  } catch (error) {
    if (!(error instanceof Fault || error instanceof ConfigError)) throw error
    say(error.message)
    return error instanceof ConfigError ? USAGE : FAILED
  }
}

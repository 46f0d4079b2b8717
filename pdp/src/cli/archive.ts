/**
 * `npm run log -- seal` and `npm run log -- unseal`: the oldest entries of a log into an encrypted archive, and back. The PDP may run.
 *
 * Exit codes: 0 done, 64 wrong usage, 70 the log or the archive cannot be read or written, or is damaged.
 *
 * @module
 */
import { join } from 'node:path'
import { Fault, instantSchema } from '@mandate/protocol'
import { ConfigError } from '../config.ts'
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
  command: 'seal' | 'unseal',
  { directory, archive, before, key }: ArchiveOptions,
  say: (line: string) => void,
): Promise<number> {
  const problems = [
    ...(archive ? [] : ['--archive: name the folder of the archive']),
    ...(command === 'unseal' || instantSchema.safeParse(before).success ? [] : ['--before: must be an RFC 3339 time']),
    ...(key ? [] : ['MANDATE_SEAL_KEY: must be 32 bytes; make some: openssl rand -hex 32']),
  ]
  for (const problem of problems) say(problem)
  if (!archive || !key || problems.length > 0) return USAGE
  try {
    const origin = await originOf({ directory })
    const secret = readKey('MANDATE_SEAL_KEY', key)
    const options = { files: nodeFiles(), dir: join(directory, 'log'), origin, archive, key: secret }
    if (command === 'unseal') {
      say(`${await restorePrefix(options)} entries are back in the log`)
      return 0
    }
    const { sealed, was } = await archivePrefix(options, Date.parse(before ?? ''))
    say(`${sealed - was} entries sealed now, ${sealed} in all; they are in ${archive}, and nowhere else`)
    return 0
  } catch (error) {
    if (!(error instanceof Fault || error instanceof ConfigError)) throw error
    say(error.message)
    return error instanceof ConfigError ? USAGE : FAILED
  }
}

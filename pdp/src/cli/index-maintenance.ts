/**
 * `npm run log -- fsck` and `npm run log -- rebuild-index`: maintenance of the decision log's query index.
 *
 * Exit codes: 0 the index agrees with the log, or was rebuilt; 1 the index disagrees with the log, one disagreement a line; 69 the index's PostgreSQL
 * does not answer; 70 the log cannot be read, is damaged, or is being written by a PDP that must be stopped first.
 *
 * @module
 */
import { join } from 'node:path'
import { Fault } from '@mandate/protocol'
import { openIndex } from '../log/entry-index.ts'
import { nodeFiles } from '../log/files.ts'
import { fsck } from '../log/fsck.ts'
import { openHeld } from '../log/fsck-held.ts'
import { openLog } from '../log/log.ts'
import { loadSigner } from '../log/signer.ts'

export const INDEX_COMMANDS = ['fsck', 'rebuild-index'] as const
export type IndexCommand = (typeof INDEX_COMMANDS)[number]

const DISAGREES = 1
const AWAY = 69
const FAILED = 70

export interface IndexMaintenanceOptions {
  /** The PDP's data directory. */
  readonly directory: string
  /** `postgres://…`; a file in the directory when absent. */
  readonly indexUrl: string | undefined
}

/** @param say - Prints a line. @returns The exit code. */
export async function maintainIndex(
  command: IndexCommand,
  options: IndexMaintenanceOptions,
  say: (line: string) => void,
): Promise<number> {
  try {
    return command === 'fsck' ? await check(options, say) : await rebuild(options, say)
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    return error instanceof Fault && error.code === 'index_unavailable' ? AWAY : FAILED
  }
}

const placeOf = ({ directory, indexUrl }: IndexMaintenanceOptions): string => indexUrl || join(directory, 'index.db')

/** Reads the log's name from its verifier key. */
export async function originOf({ directory }: Pick<IndexMaintenanceOptions, 'directory'>): Promise<string> {
  const vkey = await nodeFiles().read(join(directory, 'log.vkey'))
  const [name] = new TextDecoder().decode(vkey ?? new Uint8Array(0)).split('+')
  if (name) return name
  throw new Fault('log_unavailable', `${directory} has no file log.vkey: it is not the data directory of a PDP`)
}

async function check(options: IndexMaintenanceOptions, say: (line: string) => void): Promise<number> {
  const keys = options.directory
  const origin = await originOf(options)
  const place = placeOf(options)
  const index = openHeld(place, origin)
  try {
    const dir = join(keys, 'log')
    const report = await fsck({ files: nodeFiles(), dir, keys, origin, index, place, onDisagreement: say })
    const { entries, indexed, disagreements } = report
    say(`${indexed} of ${entries} entries are indexed; ${disagreements || 'no'} disagreements`)
    return disagreements > 0 ? DISAGREES : 0
  } finally {
    await index.close()
  }
}

/** Deletes this log's part of the index and builds it anew. Takes the log's lock, so no PDP may run on it. */
async function rebuild(options: IndexMaintenanceOptions, say: (line: string) => void): Promise<number> {
  const keys = options.directory
  const origin = await originOf(options)
  const files = nodeFiles()
  const log = await openLog({ dir: join(keys, 'log'), origin, signer: await loadSigner(files, keys, origin), files })
  try {
    const index = await openIndex({ place: placeOf(options), log, rebuild: true })
    await index.query({ limit: 1 }).finally(() => index.close())
    say(`${log.sequenced} entries indexed`)
    return 0
  } finally {
    await log.close()
  }
}

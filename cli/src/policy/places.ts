/**
 * Where `policy diff` and `log judge` read entries and facts.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { directorySource, httpSource } from '@mandate/auditor'
import { type Entry, environmentObjection, isLoopback } from '@mandate/protocol'
import { pathObjection } from '@mandate/service/path-objection'
import { CommandError, EXIT, usageError } from '../exit.ts'
import type { Io } from '../io.ts'
import type { FactsPlace } from './facts.ts'

/** The options, as typed. */
export interface PlaceOptions {
  readonly dir?: string
  readonly log?: string
  readonly openfga?: string
  readonly store?: string
  readonly limit: string
}

/** Where entries and facts are. */
export interface Places {
  /** A log's directory, or the URL of a PDP. */
  readonly log: string
  /** `undefined`: no option names facts. */
  readonly facts: FactsPlace | undefined
  /** How many entries are read, newest first. */
  readonly limit: number
}

/** @throws CommandError (exit 64) for options that do not fit together, 66 for a folder without a PDP's database */
export function placesOf({ environment }: Io, options: PlaceOptions): Places {
  const objection = environmentObjection(environment)
  if (objection !== undefined) throw usageError(objection)
  const { dir, log, openfga, store } = options
  const limit = Number(options.limit)
  if (!(Number.isInteger(limit) && limit > 0)) throw usageError('--limit is a whole number above 0.')
  if (dir !== undefined) {
    if (openfga !== undefined || store !== undefined)
      throw usageError('--dir has the facts: give --openfga and --store without it.')
    const folder = dataFolder(dir)
    return { log: log ?? join(folder, 'log'), facts: { kind: 'embedded', database: join(folder, 'pdp.db') }, limit }
  }
  if (log === undefined) throw usageError("Give --dir, a PDP's data folder; or --log, and --openfga with --store.")
  if ((openfga === undefined) !== (store === undefined)) throw usageError('--openfga and --store go together.')
  if (openfga === undefined || store === undefined) return { log, facts: undefined, limit }
  if (!/^https?:/u.test(openfga)) throw usageError('--openfga is an http or https address.')
  const server = { url: openfga, apiToken: environment['OPENFGA_API_TOKEN'] }
  return { log, facts: { kind: 'openfga', server, store }, limit }
}

/** The folder with `pdp.db`: the one that was named, or that of the log that was named. */
function dataFolder(dir: string): string {
  const objection = pathObjection(dir, 'folder')
  if (objection !== undefined) throw new CommandError(EXIT.notFound, `--dir: ${objection}.`, { code: 'folder' })
  const found = [dir, dirname(resolve(dir))].find((folder) => existsSync(join(folder, 'pdp.db')))
  if (found !== undefined) return found
  throw new CommandError(EXIT.notFound, `--dir: ${dir} has no pdp.db.`, {
    code: 'folder',
    mend: 'Name the data folder of a PDP with ENGINE=embedded (PDP_DATA_DIR). For OpenFGA give --log, --openfga and --store.',
  })
}

/** The newest evaluations of a log: of its directory, or of a PDP. */
export async function evaluationsOf({ log, limit }: Places, { environment }: Io): Promise<readonly Entry[]> {
  const token = environment['MANDATE_TOKEN']
  const url = /^https?:/u.test(log) ? new URL(log) : undefined
  if (token && url?.protocol === 'http:' && !isLoopback(url.hostname))
    throw usageError('A token is sent over https only, except to this machine.')
  const source = url ? httpSource(log, token) : directorySource(log)
  const filter = { kind: 'evaluation' } as const
  return (await source.query({ parameters: filter, filter, limit })).entries
}

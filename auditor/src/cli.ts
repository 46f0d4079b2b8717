/**
 * The commands of `mandate-audit`. Sees neither `process` nor the console: {@link file://./main.ts} hands in what it needs.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { exportEntries } from './export.ts'
import {
  decisionId,
  FILTER_OPTIONS,
  filtersOf,
  type Given,
  isSet,
  limitOf,
  noPositionals,
  type Options,
  placeOf,
  SOURCE_OPTIONS,
  type Surroundings,
  UsageError,
} from './given.ts'
import { EXIT, SourceError } from './http.ts'
import { prove } from './prove.ts'
import { replay } from './replay.ts'
import { directorySource, httpSource, type Source } from './source.ts'
import { drawing, harmless, table } from './text.ts'
import { USAGE } from './usage.ts'
import { verify } from './verify-command.ts'
import { watch } from './watch.ts'
import { WITNESS_OPTIONS, witness } from './witness/cli.ts'

export type { Surroundings } from './given.ts'

const MAX_LIMIT = 1_000_000
const DEFAULT_LIMIT = 50

interface Command {
  readonly options: Options
  readonly run: (given: Given, surroundings: Surroundings) => Promise<number>
}

const limit = { type: 'string' } as const
const COMMANDS: Readonly<Record<string, Command>> = {
  query: { options: { ...SOURCE_OPTIONS, ...FILTER_OPTIONS, limit }, run: query },
  show: { options: SOURCE_OPTIONS, run: show },
  verify: {
    options: {
      dir: { type: 'string' },
      proof: { type: 'string' },
      entry: { type: 'string' },
      key: { type: 'string', multiple: true },
      checkpoint: { type: 'string' },
      anchor: { type: 'string' },
      remember: { type: 'boolean' },
      archive: { type: 'string' },
      'archive-key': { type: 'string' },
      sealed: { type: 'boolean' },
      witness: { type: 'string', multiple: true },
      quorum: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
    run: verify,
  },
  prove: {
    options: {
      ...SOURCE_OPTIONS,
      key: { type: 'string', multiple: true },
      out: { type: 'string' },
      'entry-out': { type: 'string' },
    },
    run: prove,
  },
  watch: { options: { ...SOURCE_OPTIONS, ...FILTER_OPTIONS, limit }, run: watch },
  export: {
    options: { ...SOURCE_OPTIONS, ...FILTER_OPTIONS, format: { type: 'string' }, out: { type: 'string' } },
    run: exportEntries,
  },
  replay: { options: SOURCE_OPTIONS, run: replay },
  witness: { options: WITNESS_OPTIONS, run: witness },
}

/**
 * Runs a command line.
 *
 * @param argv - Without node and script.
 * @returns The exit code. Never rejects.
 */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    return await dispatch(argv, surroundings)
  } catch (error) {
    if (error instanceof UsageError) {
      surroundings.err(`${harmless(error.message)}\n\n${USAGE}`)
      return EXIT.usage
    }
    surroundings.err(`${harmless(error instanceof Error ? error.message : String(error))}\n`)
    return error instanceof SourceError ? error.exit : EXIT.internal
  }
}

async function dispatch(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name = '', ...rest] = argv
  if (name === '--help' || name === '-h' || name === 'help') {
    surroundings.out(USAGE)
    return EXIT.ok
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) throw new UsageError(name === '' ? 'Which command?' : `There is no command ${name}.`)
  const given = parsed(rest, command.options)
  if (isSet(given, 'help')) {
    surroundings.out(USAGE)
    return EXIT.ok
  }
  return command.run(given, surroundings)
}

function parsed(args: readonly string[], options: Options): Given {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'Wrong options.')
  }
}

async function query(given: Given, { out, err, environment }: Surroundings): Promise<number> {
  noPositionals(given)
  const filters = filtersOf(given)
  const most = limitOf(given, MAX_LIMIT) ?? DEFAULT_LIMIT
  const source = await sourceOf(given, environment)
  const { entries, total } = await source.query({ ...filters, limit: most })
  if (isSet(given, 'json')) {
    for (const entry of entries) out(`${JSON.stringify(entry)}\n`)
    return EXIT.ok
  }
  if (entries.length > 0) out(table(entries))
  err(`${entries.length} of ${total}\n`)
  return EXIT.ok
}

async function show(given: Given, { out, environment }: Surroundings): Promise<number> {
  const id = decisionId(given, 'show')
  const entry = await (await sourceOf(given, environment)).show(id)
  if (!entry) throw new SourceError(EXIT.notFound, `there is no decision ${id}`)
  out(isSet(given, 'json') ? `${JSON.stringify(entry)}\n` : drawing(entry))
  return EXIT.ok
}

async function sourceOf(given: Given, environment: Surroundings['environment']): Promise<Source> {
  const place = await placeOf(given, environment)
  return 'directory' in place ? directorySource(place.directory) : httpSource(place.server.base, place.server.token)
}

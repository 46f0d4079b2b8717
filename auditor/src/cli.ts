/**
 * Command dispatch of `mandate-audit`, and the commands `query` and `show`. Does not use `process`: `main.ts` passes in a {@link ProcessIo}.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { repeatedOption } from '@mandate/protocol'
import {
  FILTER_OPTIONS,
  hasFlag,
  type OptionTypes,
  type ParsedOptions,
  type ProcessIo,
  parseDecisionId,
  parseFilters,
  parseLimit,
  parseLocation,
  rejectPositionals,
  SOURCE_OPTIONS,
  UsageError,
} from './command-line.ts'
import { exportEntries } from './export.ts'
import { escapeControls, formatEntry, formatTable } from './format-text.ts'
import { prove } from './prove.ts'
import { replay } from './replay.ts'
import { directorySource, httpSource, type Source } from './source.ts'
import { EXIT, SourceError } from './source-error.ts'
import { SHORT_USAGE, USAGE } from './usage.ts'
import { verify } from './verify-command.ts'
import { watch } from './watch.ts'
import { WITNESS_OPTIONS, witness } from './witness/cli.ts'

export type { ProcessIo } from './command-line.ts'

const MAX_LIMIT = 1_000_000
const DEFAULT_LIMIT = 50

/** A subcommand: its options, and the function that runs it and returns the exit code. */
interface Command {
  readonly options: OptionTypes
  readonly run: (options: ParsedOptions, io: ProcessIo) => Promise<number>
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
      'hashes-only': { type: 'boolean' },
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
 * @param argv - Arguments, without the paths of node and script.
 * @returns The exit code, one of {@link EXIT}. Never rejects.
 */
export async function run(argv: readonly string[], io: ProcessIo): Promise<number> {
  try {
    return await dispatch(argv, io)
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`${escapeControls(error.message)}\n${SHORT_USAGE}`)
      return EXIT.usage
    }
    io.err(`${escapeControls(error instanceof Error ? error.message : String(error))}\n`)
    return error instanceof SourceError ? error.exit : EXIT.internal
  }
}

async function dispatch(argv: readonly string[], io: ProcessIo): Promise<number> {
  const [name = '', ...rest] = argv
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(USAGE)
    return EXIT.ok
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) throw new UsageError(name === '' ? 'No command is given.' : `There is no command ${name}.`)
  const options = parseOptions(rest, command.options)
  if (hasFlag(options, 'help')) {
    io.out(USAGE)
    return EXIT.ok
  }
  return command.run(options, io)
}

function parseOptions(args: readonly string[], options: OptionTypes): ParsedOptions {
  const parsed = parseStrictly(args, options)
  const repeated = repeatedOption(parsed.tokens, options)
  if (repeated === undefined) return parsed
  const instead = repeated === 'dir' ? '; for several logs run it for each, or use --url' : ''
  throw new UsageError(`--${repeated} may be given once${instead}`)
}

function parseStrictly(args: readonly string[], options: OptionTypes) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true, tokens: true })
  } catch (error) {
    // Node's message continues with advice for arguments that begin with a dash. No argument of a command does.
    const [problem = ''] = String(error instanceof Error ? error.message : error).split('. To specify')
    throw new UsageError(problem)
  }
}

async function query(options: ParsedOptions, { out, err, environment }: ProcessIo): Promise<number> {
  rejectPositionals(options)
  const filters = parseFilters(options)
  const most = parseLimit(options, MAX_LIMIT) ?? DEFAULT_LIMIT
  const source = await sourceOf(options, environment)
  const { entries, total } = await source.query({ ...filters, limit: most })
  if (hasFlag(options, 'json')) {
    for (const entry of entries) out(`${JSON.stringify(entry)}\n`)
    return EXIT.ok
  }
  if (entries.length > 0) out(formatTable(entries))
  err(`${entries.length} of ${total}\n`)
  return EXIT.ok
}

async function show(options: ParsedOptions, { out, environment }: ProcessIo): Promise<number> {
  const id = parseDecisionId(options, 'show')
  const entry = await (await sourceOf(options, environment)).show(id)
  if (!entry) throw new SourceError(EXIT.notFound, `there is no decision ${id}`)
  out(hasFlag(options, 'json') ? `${JSON.stringify(entry)}\n` : formatEntry(entry))
  return EXIT.ok
}

async function sourceOf(options: ParsedOptions, environment: ProcessIo['environment']): Promise<Source> {
  const location = await parseLocation(options, environment)
  if ('directory' in location) return directorySource(location.directory)
  return httpSource(location.server.bases, location.server.token)
}

/**
 * The commands of `mandate-audit`. Sees neither `process` nor the console: {@link file://./main.ts} hands in what it needs.
 *
 * @module
 */
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { decisionIdSchema, decisionQuerySchema, parseVerifierKey, type VerifierKey } from '@mandate/protocol'
import { z } from 'zod'
import { directorySource, EXIT, FILTERS, httpSource, type Source, SourceError } from './source.ts'
import { drawing, harmless, table } from './text.ts'
import { USAGE } from './usage.ts'
import { UsageError } from './usage-error.ts'
import { type VerifyReport, verifyDirectory } from './verify.ts'
import { WITNESS_OPTIONS, witness, witnessesOf } from './witness/cli.ts'

/** What the process lends to the commands. */
export interface Surroundings {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly environment: Readonly<Record<string, string | undefined>>
  /** From when this is asked for, Ctrl-C ends the work and not the process. */
  readonly untilInterrupted?: () => AbortSignal
}

const MAX_LIMIT = 1_000_000
const DEFAULT_LIMIT = 50
const MAX_FINDINGS_SHOWN = 20

type Options = NonNullable<ParseArgsConfig['options']>
const SOURCE_OPTIONS: Options = {
  url: { type: 'string' },
  dir: { type: 'string' },
  'token-file': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
}
const COMMANDS: Readonly<Record<string, Options>> = {
  query: {
    ...SOURCE_OPTIONS,
    limit: { type: 'string' },
    ...Object.fromEntries(FILTERS.map((name) => [name, { type: 'string' }])),
  },
  show: SOURCE_OPTIONS,
  verify: {
    dir: { type: 'string' },
    key: { type: 'string', multiple: true },
    witness: { type: 'string', multiple: true },
    quorum: { type: 'string' },
    checkpoint: { type: 'string' },
    remember: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
  witness: WITNESS_OPTIONS,
}

/** Parsed options. */
interface Given {
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
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
  const [command = '', ...rest] = argv
  if (command === '--help' || command === '-h' || command === 'help') {
    surroundings.out(USAGE)
    return EXIT.ok
  }
  const options = COMMANDS[command]
  if (!options) throw new UsageError(command === '' ? 'Which command?' : `There is no command ${command}.`)
  const given = parsed(rest, options)
  if (given.values['help'] === true) {
    surroundings.out(USAGE)
    return EXIT.ok
  }
  if (command === 'witness') return witness(given, surroundings)
  if (command === 'query') return query(given, surroundings)
  return command === 'show' ? show(given, surroundings) : verify(given, surroundings)
}

function parsed(args: readonly string[], options: Options): Given {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'Wrong options.')
  }
}

function text({ values }: Given, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

function noPositionals({ positionals }: Given): void {
  if (positionals.length > 0) throw new UsageError(`What is ${positionals.join(' ')}?`)
}

async function query(given: Given, { out, err, environment }: Surroundings): Promise<number> {
  noPositionals(given)
  const filters: Record<string, string> = {}
  for (const name of FILTERS) {
    const value = text(given, name)
    if (value !== undefined) filters[name] = value
  }
  const understood = decisionQuerySchema.safeParse(filters)
  if (!understood.success) throw new UsageError(z.prettifyError(understood.error))
  const { limit: _limit, cursor: _cursor, ...filter } = understood.data
  const limit = Number(text(given, 'limit') ?? DEFAULT_LIMIT)
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT))
    throw new UsageError(`--limit is 1 to ${MAX_LIMIT}`)
  const source = await sourceOf(given, environment)
  const { entries, total } = await source.query({ given: filters, filter, limit })
  if (given.values['json'] === true) {
    for (const entry of entries) out(`${JSON.stringify(entry)}\n`)
    return EXIT.ok
  }
  if (entries.length > 0) out(table(entries))
  err(`${entries.length} of ${total}\n`)
  return EXIT.ok
}

async function show(given: Given, { out, environment }: Surroundings): Promise<number> {
  const [id, ...more] = given.positionals
  if (id === undefined || more.length > 0) throw new UsageError('show takes one decision id')
  if (!decisionIdSchema.safeParse(id).success) throw new UsageError(`${id} is no decision id: those are ULIDs`)
  const entry = await (await sourceOf(given, environment)).show(id)
  if (!entry) throw new SourceError(EXIT.notFound, `there is no decision ${id}`)
  out(given.values['json'] === true ? `${JSON.stringify(entry)}\n` : drawing(entry))
  return EXIT.ok
}

async function sourceOf(given: Given, environment: Surroundings['environment']): Promise<Source> {
  const url = text(given, 'url')
  const directory = text(given, 'dir')
  if ((url === undefined) === (directory === undefined)) throw new UsageError('Give either --url or --dir.')
  if (directory !== undefined) return directorySource(directory)
  const base = URL.parse(url ?? '')
  if (!base || !/^https?:$/u.test(base.protocol)) throw new UsageError('--url is an http or https address')
  const file = text(given, 'token-file')
  const token = file === undefined ? environment['MANDATE_TOKEN'] : (await needed(file)).trim()
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/u.test(base.hostname)
  if (token && base.protocol === 'http:' && !isLocal)
    throw new UsageError('A token goes over https only, except on this machine.')
  return httpSource(url ?? '', token)
}

async function verify(given: Given, { out }: Surroundings): Promise<number> {
  noPositionals(given)
  const directory = text(given, 'dir')
  const named = given.values['key']
  const keys = (await Promise.all((Array.isArray(named) ? named.map(String) : []).map(keysOf))).flat()
  const { witnesses, quorum } = await witnessesOf(given.values)
  if (directory === undefined || keys.length === 0) throw new UsageError('verify needs --dir and --key.')
  const file = text(given, 'checkpoint')
  const isRemembering = given.values['remember'] === true
  if (isRemembering && file === undefined) throw new UsageError('--remember needs --checkpoint.')
  const remembered = file === undefined ? undefined : await readFile(file, 'utf8').catch(() => undefined)
  if (file !== undefined && remembered === undefined && !isRemembering) {
    throw new SourceError(EXIT.notFound, `${file} cannot be read`)
  }
  if (!(await stat(directory).catch(() => undefined))?.isDirectory()) {
    throw new SourceError(EXIT.notFound, `${directory} is no directory`)
  }
  const began = performance.now()
  const report = await verifyDirectory({ directory, keys, remembered, witnesses, quorum })
  const isGood = report.findings.length === 0
  if (isGood && isRemembering && file !== undefined && report.checkpoint !== undefined) {
    await writeFile(`${file}.tmp`, report.checkpoint, { mode: 0o600 })
    await rename(`${file}.tmp`, file)
  }
  out(
    given.values['json'] === true
      ? `${JSON.stringify({ ok: isGood, ...report })}\n`
      : reportText(report, performance.now() - began),
  )
  return isGood ? EXIT.ok : EXIT.failed
}

/** A verifier key, or the keys in a file, one a line. */
async function keysOf(given: string): Promise<readonly VerifierKey[]> {
  const isKey = /^[^+]+\+[0-9a-f]{8}\+/u.test(given)
  const written = isKey ? given : await needed(given)
  try {
    return await Promise.all(written.trim().split('\n').map(parseVerifierKey))
  } catch (error) {
    throw new UsageError(`--key: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}

async function needed(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new SourceError(EXIT.notFound, `${path} cannot be read`, { cause: error })
  }
}

/** What verify prints. The last line is the verdict. */
function reportText(report: VerifyReport, tookMs: number): string {
  const { origin = 'unknown', size, root = '', signedBy, witnessed, pending, findings, notes } = report
  const perSecond = Math.round(size / (tookMs / 1000)).toLocaleString('en')
  const lines = [
    `log         ${origin}`,
    `checkpoint  ${size} entries, root ${root}`,
    `signed by   ${signedBy.join(', ') || 'nobody known'}`,
    ...witnessed.map(({ name, at }) => `witnessed   by ${name} at ${at}`),
    `read        in ${(tookMs / 1000).toFixed(1)} s, ${perSecond} entries/s`,
    `journal     ${pending} sequenced and not yet published`,
    ...notes.map((note) => `note        ${note}`),
  ]
  for (const { index, id, problem } of findings.slice(0, MAX_FINDINGS_SHOWN)) {
    lines.push(
      `WRONG       ${index === undefined ? '' : `entry ${index}${id === undefined ? '' : ` (${id})`}: `}${problem}`,
    )
  }
  if (findings.length > MAX_FINDINGS_SHOWN) lines.push(`            and ${findings.length - MAX_FINDINGS_SHOWN} more`)
  lines.push(findings.length === 0 ? 'OK' : 'FAILED: the log is not what was signed')
  return `${lines.map(harmless).join('\n')}\n`
}

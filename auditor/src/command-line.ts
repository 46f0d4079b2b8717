/**
 * Parsing of the command line that the commands share: source, filters, keys and limits.
 *
 * @module
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import {
  type DecisionFilter,
  decisionIdSchema,
  decisionQuerySchema,
  ENTRY_KINDS,
  environmentObjection,
  parseVerifierKey,
  type VerifierKey,
} from '@mandate/protocol'
import { nameAdvice, nearestName } from '@mandate/service/nearest-name'
import { unreadable } from '@mandate/service/path-objection'
import { exposureOf } from '@mandate/service/private-files'
import type { ProcessIo } from '@mandate/service/process-io'
import { describeIssues } from './describe-issues.ts'
import type { PdpServer } from './pdp-client.ts'
import { FILTERS } from './source.ts'
import { EXIT, SourceError } from './source-error.ts'
import { UsageError } from './usage-error.ts'

export type { ProcessIo } from '@mandate/service/process-io'
export { UsageError } from './usage-error.ts'

/** Result of `parseArgs`. */
export interface ParsedOptions {
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
}

/** Value of a string option; `undefined` when it is not given. */
export function textOption({ values }: ParsedOptions, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** Values of a string option that may be given several times, in order. */
function textOptions({ values }: ParsedOptions, name: string): readonly string[] {
  const value = values[name]
  return Array.isArray(value) ? value.map(String) : []
}

/** Whether a boolean option is given. */
export const hasFlag = ({ values }: ParsedOptions, name: string): boolean => values[name] === true

/** @throws UsageError when there are positional arguments. */
export function rejectPositionals({ positionals }: ParsedOptions): void {
  if (positionals.length > 0) throw new UsageError(`Unexpected argument: ${positionals.join(' ')}`)
}

/** The single positional argument of a command: a decision id. */
export function parseDecisionId({ positionals }: ParsedOptions, command: string): string {
  const [id, ...more] = positionals
  if (id === undefined || more.length > 0) throw new UsageError(`${command} takes one decision id`)
  if (!decisionIdSchema.safeParse(id).success) throw new UsageError(`${id} is not a decision id (a ULID)`)
  return id
}

/** `--limit`: an integer from 1 to `most`; `undefined` when it is not given. */
export function parseLimit(options: ParsedOptions, most: number): number | undefined {
  const written = textOption(options, 'limit')
  if (written === undefined) return undefined
  const limit = Number(written)
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit
  throw new UsageError(`--limit must be 1 to ${most}`)
}

const OUTCOMES = ['permit', 'deny']

/** Filters of a command, in both forms that a source needs. */
export interface LogFilters {
  /** As typed: the query parameters of `GET /v1/decisions`. */
  readonly parameters: Readonly<Record<string, string>>
  /** As parsed: for matching entries of a log directory. */
  readonly filter: DecisionFilter
}

/** @throws UsageError naming every invalid filter by its option. */
export function parseFilters(options: ParsedOptions): LogFilters {
  const parameters: Record<string, string> = {}
  for (const name of FILTERS) {
    const value = textOption(options, name)
    if (value !== undefined) parameters[name] = value
  }
  const { kind, decision } = parameters
  if (kind !== undefined && !ENTRY_KINDS.some((each) => each === kind))
    throw new UsageError(`--kind: there is no kind ${kind}. ${nameAdvice(kind, ENTRY_KINDS)}`)
  const nearest = decision === undefined ? undefined : nearestName(decision, OUTCOMES)
  if (nearest !== undefined && nearest !== decision)
    throw new UsageError(`--decision: must be permit or deny. Did you mean ${nearest}?`)
  const parsed = decisionQuerySchema.safeParse(parameters)
  if (!parsed.success) throw new UsageError(describeIssues(parsed.error, (path) => `--${path.join('.')}`))
  const { limit: _limit, cursor: _cursor, ...filter } = parsed.data
  return { parameters, filter }
}

/** Where the log is read from: PDPs that share one index, or a log directory. */
export type LogLocation = { readonly server: PdpServer } | { readonly directory: string }

/** Either `--url`, once or several times, or `--dir`. */
export async function parseLocation(
  options: ParsedOptions,
  environment: ProcessIo['environment'],
): Promise<LogLocation> {
  const directory = textOption(options, 'dir')
  if ((textOptions(options, 'url').length === 0) === (directory === undefined))
    throw new UsageError('Give either --url or --dir.')
  return directory === undefined ? { server: await parseServer(options, environment) } : { directory }
}

/** Every `--url`, with the token of `--token-file` or `MANDATE_TOKEN`. A token is sent over https or to loopback only. */
export async function parseServer(options: ParsedOptions, environment: ProcessIo['environment']): Promise<PdpServer> {
  const bases = textOptions(options, 'url')
  const urls = bases.map((url) => URL.parse(url))
  if (urls.length === 0 || !urls.every((url) => url && /^https?:$/u.test(url.protocol)))
    throw new UsageError('--url must be an http or https URL')
  const objection = environmentObjection(environment)
  if (objection !== undefined) throw new UsageError(objection)
  const file = textOption(options, 'token-file')
  const token = file === undefined ? environment['MANDATE_TOKEN'] : await readToken(file)
  if (token && !urls.every((url) => url?.protocol === 'https:' || isLoopback(url)))
    throw new UsageError('A token is sent over https only, except to this machine.')
  return { bases, token }
}

/** @throws SourceError (exit 77) when other users may read, change or replace the file; 66 when it cannot be read. */
async function readToken(file: string): Promise<string> {
  requireTrusted(file, exposureOf(file))
  return (await readRequiredFile(file)).trim()
}

function requireTrusted(file: string, exposure: string | undefined): void {
  if (exposure !== undefined) throw new SourceError(EXIT.refused, `${file} is not safe: ${exposure}`)
}

const isLoopback = (url: URL | null): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/u.test(url?.hostname ?? '')

/** All keys of every `--key`: a verifier key, or a file of them. */
export async function parseKeys(options: ParsedOptions): Promise<readonly VerifierKey[]> {
  return (await Promise.all(textOptions(options, 'key').map(parseKeyOption))).flat()
}

/** A verifier key, or the keys in a file, one per line. Whoever can change the file decides which logs are genuine. */
async function parseKeyOption(value: string): Promise<readonly VerifierKey[]> {
  const isKey = /^[^+]+\+[0-9a-f]{8}\+/u.test(value)
  const written = isKey ? value : await readKeyFile(value)
  try {
    return await Promise.all(written.trim().split('\n').map(parseVerifierKey))
  } catch (error) {
    throw new UsageError(`--key: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}

async function readKeyFile(path: string): Promise<string> {
  requireTrusted(path, exposureOf(path, 'public'))
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const problem = `--key: ${path} is neither a verifier key nor a file that can be read`
    throw new SourceError(EXIT.notFound, problem, { cause: error })
  }
}

/** @throws SourceError (exit 66) when the file cannot be read. */
export async function readRequiredFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new SourceError(EXIT.notFound, unreadable(path), { cause: error })
  }
}

/** Writes a private file by renaming a temporary one, so that it is complete or absent. @throws SourceError (exit 66). */
export async function writeFileAtomically(path: string, content: string): Promise<void> {
  try {
    await writeFile(`${path}.tmp`, content, { mode: 0o600 })
    await rename(`${path}.tmp`, path)
  } catch (error) {
    throw new SourceError(EXIT.notFound, `${path} cannot be written`, { cause: error })
  }
}

/**
 * A command line, understood: where to read, by which filters, with which keys.
 *
 * @module
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { ParseArgsConfig } from 'node:util'
import {
  type DecisionFilter,
  decisionIdSchema,
  decisionQuerySchema,
  environmentObjection,
  parseVerifierKey,
  type VerifierKey,
} from '@mandate/protocol'
import { EXIT, type Server, SourceError } from './http.ts'
import { mistakes } from './mistakes.ts'
import { FILTERS } from './source.ts'
import { UsageError } from './usage-error.ts'

export { UsageError } from './usage-error.ts'

/** What the process lends to the commands. */
export interface Surroundings {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How far long work has come; the last word is `undefined`. Absent where nobody watches. */
  readonly progress?: (text: string | undefined) => void
  /** From when this is asked for, Ctrl-C ends the work and not the process. */
  readonly untilInterrupted?: () => AbortSignal
}

export type Options = NonNullable<ParseArgsConfig['options']>

const help = { type: 'boolean', short: 'h' } as const

/** By command. */
export const SOURCE_OPTIONS: Options = {
  url: { type: 'string' },
  dir: { type: 'string' },
  'token-file': { type: 'string' },
  json: { type: 'boolean' },
  help,
}
export const FILTER_OPTIONS: Options = Object.fromEntries(FILTERS.map((name) => [name, { type: 'string' }]))

/** Parsed options. */
export interface Given {
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
}

export function text({ values }: Given, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

export const isSet = ({ values }: Given, name: string): boolean => values[name] === true

export function noPositionals({ positionals }: Given): void {
  if (positionals.length > 0) throw new UsageError(`What is ${positionals.join(' ')}?`)
}

/** The one decision that a command is about. */
export function decisionId({ positionals }: Given, command: string): string {
  const [id, ...more] = positionals
  if (id === undefined || more.length > 0) throw new UsageError(`${command} takes one decision id`)
  if (!decisionIdSchema.safeParse(id).success) throw new UsageError(`${id} is no decision id: those are ULIDs`)
  return id
}

/** A whole number of things. */
export function limitOf(given: Given, most: number): number | undefined {
  const written = text(given, 'limit')
  if (written === undefined) return undefined
  const limit = Number(written)
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit
  throw new UsageError(`--limit is 1 to ${most}`)
}

/** The filters as they were given, which are those of `GET /v1/decisions`, and as they were understood. */
export interface GivenFilters {
  readonly given: Readonly<Record<string, string>>
  readonly filter: DecisionFilter
}

export function filtersOf(given: Given): GivenFilters {
  const filters: Record<string, string> = {}
  for (const name of FILTERS) {
    const value = text(given, name)
    if (value !== undefined) filters[name] = value
  }
  const understood = decisionQuerySchema.safeParse(filters)
  if (!understood.success) throw new UsageError(mistakes(understood.error, (path) => `--${path.join('.')}`))
  const { limit: _limit, cursor: _cursor, ...filter } = understood.data
  return { given: filters, filter }
}

/** A PDP, or a log's directory: one of them. */
export type Place = { readonly server: Server } | { readonly directory: string }

export async function placeOf(given: Given, environment: Surroundings['environment']): Promise<Place> {
  const url = text(given, 'url')
  const directory = text(given, 'dir')
  if ((url === undefined) === (directory === undefined)) throw new UsageError('Give either --url or --dir.')
  return directory === undefined ? { server: await serverOf(given, environment) } : { directory }
}

export async function serverOf(given: Given, environment: Surroundings['environment']): Promise<Server> {
  const url = text(given, 'url')
  const base = URL.parse(url ?? '')
  if (!base || !/^https?:$/u.test(base.protocol)) throw new UsageError('--url is an http or https address')
  const objection = environmentObjection(environment)
  if (objection !== undefined) throw new UsageError(objection)
  const file = text(given, 'token-file')
  const token = file === undefined ? environment['MANDATE_TOKEN'] : (await needed(file)).trim()
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/u.test(base.hostname)
  if (token && base.protocol === 'http:' && !isLocal)
    throw new UsageError('A token goes over https only, except on this machine.')
  return { base: url ?? '', token }
}

/** Every `--key`: a verifier key, or the file that holds it. */
export async function keysOf({ values }: Given): Promise<readonly VerifierKey[]> {
  const named = values['key']
  return (await Promise.all((Array.isArray(named) ? named.map(String) : []).map(keysIn))).flat()
}

/** A verifier key, or the keys in a file, one a line. */
async function keysIn(given: string): Promise<readonly VerifierKey[]> {
  const isKey = /^[^+]+\+[0-9a-f]{8}\+/u.test(given)
  const written = isKey ? given : await needed(given)
  try {
    return await Promise.all(written.trim().split('\n').map(parseVerifierKey))
  } catch (error) {
    throw new UsageError(`--key: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}

/** A file that must be there. */
export async function needed(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new SourceError(EXIT.notFound, `${path} cannot be read`, { cause: error })
  }
}

/** A file as a whole, or not at all. */
export async function writeWhole(path: string, content: string): Promise<void> {
  try {
    await writeFile(`${path}.tmp`, content, { mode: 0o600 })
    await rename(`${path}.tmp`, path)
  } catch (error) {
    throw new SourceError(EXIT.notFound, `${path} cannot be written`, { cause: error })
  }
}

/**
 * Where `query` and `show` read from: a PDP over HTTP, or a directory.
 *
 * @module
 */
import {
  type DecisionFilter,
  decisionPageSchema,
  entryMatches,
  entrySchema,
  FILTER_NAMES,
  type LoggedEntry,
  loggedEntrySchema,
  parseCheckpoint,
  parseNote,
} from '@mandate/protocol'
import { z } from 'zod'
import { entriesBackwards, readCheckpoint } from './directory.ts'

const PAGE = 1000
const TIMEOUT_MS = 30_000

/** What was found, newest first, and how many there are in all. */
export interface Found {
  readonly entries: readonly LoggedEntry[]
  readonly total: number
}

/** The parameters of a query as they were given, which are those of `GET /v1/decisions`, and as they were understood. */
export interface Wanted {
  readonly given: Readonly<Record<string, string>>
  readonly filter: DecisionFilter
  /** 1 or more; above 1000, page after page is read. */
  readonly limit: number
}

/** A place that decisions are read from. */
export interface Source {
  query(wanted: Wanted): Promise<Found>
  show(id: string): Promise<LoggedEntry | undefined>
}

/** Why a source gave nothing. `exit` is the process's exit code. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly exit: number

  constructor(exit: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exit = exit
  }
}

/** Exit codes after sysexits.h. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  data: 65,
  notFound: 66,
  unreachable: 69,
  internal: 70,
  refused: 77,
} as const

/** A PDP's API. `base` without `/v1`; the token is sent as it is. */
export function httpSource(base: string, token: string | undefined): Source {
  const get = (path: string): Promise<unknown> => getJson(new URL(`${base.replace(/\/+$/u, '')}${path}`), token)
  return {
    query: async ({ given, limit }) => {
      const entries: LoggedEntry[] = []
      let cursor: string | undefined
      let total = 0
      do {
        const parameters = new URLSearchParams({ ...given, limit: String(Math.min(PAGE, limit - entries.length)) })
        if (cursor !== undefined) parameters.set('cursor', cursor)
        const page = understood(decisionPageSchema, await get(`/v1/decisions?${parameters}`))
        if (cursor === undefined) total = page.total
        entries.push(...page.entries)
        cursor = page.next_cursor
      } while (cursor !== undefined && entries.length < limit)
      return { entries, total }
    },
    show: async (id) => {
      try {
        return understood(loggedEntrySchema, await get(`/v1/decisions/${id}`))
      } catch (error) {
        if (error instanceof SourceError && error.exit === EXIT.notFound) return undefined
        throw error
      }
    },
  }
}

function understood<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new SourceError(EXIT.data, `the answer is not what was expected: ${z.prettifyError(parsed.error)}`)
}

const STATUS_EXITS: Readonly<Record<number, number>> = {
  400: EXIT.usage,
  401: EXIT.refused,
  403: EXIT.refused,
  404: EXIT.notFound,
}

async function getJson(url: URL, token: string | undefined): Promise<unknown> {
  const headers = { accept: 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }
  let response: Response
  try {
    response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (error) {
    throw new SourceError(EXIT.unreachable, `${url.origin} does not answer`, { cause: error })
  }
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok) return body
  const { title = '', detail = '' } = z
    .object({ title: z.string(), detail: z.string() })
    .partial()
    .catch({})
    .parse(body)
  const exit = STATUS_EXITS[response.status] ?? EXIT.unreachable
  throw new SourceError(exit, [`${url.origin} answers ${response.status}.`, title, detail].filter(Boolean).join(' '))
}

/** A log's directory, live or copied. Reads all of it and verifies nothing. */
export function directorySource(directory: string): Source {
  return {
    query: async ({ filter, limit }) => {
      const entries: LoggedEntry[] = []
      let total = 0
      for await (const entry of loggedEntries(directory)) {
        if (!entryMatches(entry, filter)) continue
        total += 1
        if (entries.length < limit) entries.push(entry)
      }
      return { entries, total }
    },
    show: async (id) => {
      for await (const entry of loggedEntries(directory)) if (entry.id === id) return entry
      return undefined
    },
  }
}

async function* loggedEntries(directory: string): AsyncGenerator<LoggedEntry> {
  const written = await readCheckpoint(directory)
  if (written === undefined) throw new SourceError(EXIT.notFound, `${directory} holds no checkpoint`)
  const { origin, size } = checkpointIn(written)
  const decoder = new TextDecoder()
  for await (const { bytes, index } of entriesBackwards(directory, size)) {
    const parsed = entrySchema.safeParse(jsonOf(decoder.decode(bytes)))
    if (!parsed.success) throw new SourceError(EXIT.data, `entry ${index} cannot be read: run verify`)
    yield { ...parsed.data, index, origin }
  }
}

function checkpointIn(written: string): { readonly origin: string; readonly size: number } {
  try {
    return parseCheckpoint(parseNote(written).text)
  } catch (error) {
    throw new SourceError(EXIT.data, 'the checkpoint cannot be read: run verify', { cause: error })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The filters of a query, by name: what the command line and the URL have in common. */
export const FILTERS: readonly string[] = FILTER_NAMES

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
import type { z } from 'zod'
import { entriesBackwards, readCheckpoint } from './directory.ts'
import { ask, EXIT, SourceError } from './http.ts'
import { mistakes } from './mistakes.ts'

export { SourceError } from './http.ts'

const PAGE = 1000

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

/** A PDP's API. `base` without `/v1`; the token is sent as it is. */
export function httpSource(base: string, token: string | undefined): Source {
  const get = async (path: string): Promise<unknown> => (await ask({ base, token }, path)).json().catch(() => undefined)
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
  throw new SourceError(EXIT.data, `the answer is not what was expected: ${mistakes(parsed.error)}`)
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

/** Every entry, newest first. Reads all of it and verifies nothing. */
export async function* loggedEntries(directory: string): AsyncGenerator<LoggedEntry> {
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

/** Origin and size, unverified. */
export function checkpointIn(written: string): { readonly origin: string; readonly size: number } {
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

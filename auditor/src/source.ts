/**
 * Sources of log entries for `query` and `show`: a PDP over HTTP, or a log directory.
 *
 * @module
 */
import { join } from 'node:path'
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
import { pathObjection } from '@mandate/service/path-objection'
import type { z } from 'zod'
import { describeIssues } from './describe-issues.ts'
import { entriesBackwards, readCheckpoint } from './log-directory.ts'
import { requestPdp } from './pdp-client.ts'
import { EXIT, SourceError } from './source-error.ts'

export { SourceError } from './source-error.ts'

/** Largest page that the API returns. */
const PAGE_SIZE = 1000

/** Matching entries, newest first, at most `limit` of them; `total` counts all matching entries. */
export interface QueryResult {
  readonly entries: readonly LoggedEntry[]
  readonly total: number
}

/** A query, with its filters in both forms: a PDP takes `parameters`, a log directory `filter`. */
export interface SourceQuery {
  /** Query parameters of `GET /v1/decisions`. */
  readonly parameters: Readonly<Record<string, string>>
  readonly filter: DecisionFilter
  /** 1 or more. Above 1000, several pages are read. */
  readonly limit: number
}

/** A readable decision log. */
export interface Source {
  /** @throws SourceError when the source cannot be read. */
  query(query: SourceQuery): Promise<QueryResult>
  /** One entry by its id; `undefined` when there is none. @throws SourceError when the source cannot be read. */
  show(id: string): Promise<LoggedEntry | undefined>
}

/**
 * One PDP, or several that share one index, as a source, over the HTTP API. Entries are redacted for the reader that the token identifies.
 *
 * @param base - URL without `/v1`, or several.
 * @param token - Bearer token; `undefined` sends none.
 */
export function httpSource(base: string | readonly string[], token: string | undefined): Source {
  const server = { bases: [base].flat(), token }
  const get = async (path: string): Promise<unknown> => (await requestPdp(server, path)).json().catch(() => undefined)
  return {
    query: async ({ parameters: filters, limit }) => {
      const entries: LoggedEntry[] = []
      let cursor: string | undefined
      let total = 0
      do {
        const parameters = new URLSearchParams({
          ...filters,
          limit: String(Math.min(PAGE_SIZE, limit - entries.length)),
        })
        if (cursor !== undefined) parameters.set('cursor', cursor)
        const page = parseResponse(decisionPageSchema, await get(`/v1/decisions?${parameters}`))
        if (cursor === undefined) total = page.total
        entries.push(...page.entries)
        cursor = page.next_cursor
      } while (cursor !== undefined && entries.length < limit)
      return { entries, total }
    },
    show: async (id) => {
      try {
        return parseResponse(loggedEntrySchema, await get(`/v1/decisions/${id}`))
      } catch (error) {
        if (error instanceof SourceError && error.exit === EXIT.notFound) return undefined
        throw error
      }
    },
  }
}

function parseResponse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  throw new SourceError(EXIT.data, `the response is malformed: ${describeIssues(parsed.error)}`)
}

/**
 * A log directory as a source: live, or a copy. Every call reads the whole log. Verifies nothing: see `mandate-audit verify`.
 *
 * @param directory - The folder with the log's `checkpoint` file.
 */
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

/**
 * All entries of a log directory, newest first, unverified.
 *
 * @throws SourceError when there is no checkpoint, or an entry is malformed.
 */
export async function* loggedEntries(directory: string): AsyncGenerator<LoggedEntry> {
  const { origin, size } = parseUnverifiedCheckpoint(await readRequiredCheckpoint(directory))
  const decoder = new TextDecoder()
  for await (const { bytes, index } of entriesBackwards(directory, size)) {
    const parsed = entrySchema.safeParse(jsonOf(decoder.decode(bytes)))
    if (!parsed.success) throw new SourceError(EXIT.data, `entry ${index} cannot be read: run verify`)
    yield { ...parsed.data, index, origin }
  }
}

/** The checkpoint of a log directory, unverified. @throws SourceError (exit 66) when there is none. */
export async function readRequiredCheckpoint(directory: string): Promise<string> {
  const written = await readCheckpointOrHint(directory)
  if (written === undefined)
    throw new SourceError(EXIT.notFound, `${directory} holds no checkpoint: ${whyNot(directory)}`)
  return written
}

const whyNot = (directory: string): string => pathObjection(directory, 'folder') ?? 'name the folder of a decision log'

/**
 * The checkpoint of a log directory, unverified; `undefined` when there is none.
 *
 * @throws SourceError (exit 66) when the directory is not the log's but its parent, such as a PDP's data directory.
 */
export async function readCheckpointOrHint(directory: string): Promise<string | undefined> {
  const written = await readCheckpoint(directory)
  if (written !== undefined) return written
  const inside = join(directory, 'log')
  if ((await readCheckpoint(inside)) === undefined) return undefined
  throw new SourceError(EXIT.notFound, `${directory} holds no checkpoint: did you mean ${inside}?`)
}

/** Parses a checkpoint without verifying its signature. @throws SourceError (exit 65) when it is malformed. */
export function parseUnverifiedCheckpoint(written: string): { readonly origin: string; readonly size: number } {
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

/** Names of the filters: options of the command line, and query parameters of the API. */
export const FILTERS: readonly string[] = FILTER_NAMES

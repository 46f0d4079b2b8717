/**
 * Where a page of an index query ended, and where a tail stands. Opaque to callers; not secret, and not trusted: they only say where to go on
 * reading.
 *
 * @module
 */
import { canonical, type DecisionFilter, refuse } from '@mandate/protocol'
import { z } from 'zod'
import { sha256 } from './hash.ts'

const QUERY_HASH_DIGITS = 12

/** An index in each log, by the log's number in the index. */
export type Marks = ReadonlyMap<number, number>

/** The next page begins behind these entries. Entries only come in front of the first page, so no page shifts. */
export interface Cursor {
  /** Of each log that has entries: the index of the last one shown, or of the first one that the first page did not look at. */
  readonly before: Marks
  /** The total as the first page gave it. */
  readonly total: number
}

const marksSchema = z.array(z.tuple([z.int().min(0), z.int().min(0)])).transform((pairs) => new Map(pairs))
const cursorSchema = z.tuple([z.string(), marksSchema, z.int().min(0)])

function hashOf(filter: DecisionFilter, party: string | undefined): string {
  const digest = sha256(Buffer.from(canonical([filter, party ?? ''])))
  return Buffer.from(digest).toString('hex').slice(0, QUERY_HASH_DIGITS)
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

export function encodeCursor({ before, total }: Cursor, filter: DecisionFilter, party: string | undefined): string {
  return encode([hashOf(filter, party), [...before], total])
}

/** @throws Fault `invalid_request` when it is malformed or of another query. */
export function decodeCursor(text: string, filter: DecisionFilter, party: string | undefined): Cursor {
  const parsed = cursorSchema.safeParse(decode(text))
  if (!parsed.success || parsed.data[0] !== hashOf(filter, party))
    throw refuse('invalid_request', 'cursor: is not one of this query.')
  const [, before, total] = parsed.data
  return { before, total }
}

/** Where a tail stands: of each log, the first index that it has not behind it. */
export function encodePosition(next: Marks): string {
  return encode([...next])
}

/** @throws Fault `invalid_request` when it is malformed. */
export function decodePosition(text: string): Marks {
  const parsed = marksSchema.safeParse(decode(text))
  if (parsed.success) return parsed.data
  throw refuse('invalid_request', 'Last-Event-ID: is not one of this index.')
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
}

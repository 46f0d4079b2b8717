/**
 * Cursors of index queries and positions of tails. Opaque to callers, neither secret nor trusted: they only say where reading continues.
 *
 * @module
 */
import { canonical, type DecisionFilter, refuse } from '@mandate/protocol'
import { z } from 'zod'
import { sha256 } from './hash.ts'

const QUERY_HASH_DIGITS = 12

/** An entry's index in each log, by the number of the log in the index. */
export type Marks = ReadonlyMap<number, number>

/** The next page begins after these entries. New entries only come before the first page, so pages do not shift. */
export interface Cursor {
  /** For each log with entries: index of the last entry shown, or of the first entry that the first page did not consider. */
  readonly before: Marks
  /** Total number of matches as of the first page. */
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

/** @throws Fault `invalid_request` when the cursor is malformed or belongs to another query. */
export function decodeCursor(text: string, filter: DecisionFilter, party: string | undefined): Cursor {
  const parsed = cursorSchema.safeParse(decode(text))
  if (!parsed.success || parsed.data[0] !== hashOf(filter, party))
    throw refuse('invalid_request', 'cursor: is not one of this query.')
  const [, before, total] = parsed.data
  return { before, total }
}

/** Position of a tail: for each log, the first index not yet delivered. */
export function encodePosition(next: Marks): string {
  return encode([...next])
}

/** @throws Fault `invalid_request` when the position is malformed. */
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

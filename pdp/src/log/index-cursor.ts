/**
 * Where a page of an index query ended. Opaque to callers; not secret, and not trusted: it only says where to go on reading.
 *
 * @module
 */
import { canonical, type DecisionFilter } from '@mandate/protocol'
import { z } from 'zod'
import { sha256 } from './hash.ts'

const QUERY_HASH_DIGITS = 12

/** The next page begins behind this entry, and knows nothing newer than the first page did. */
export interface Cursor {
  /** `at` and index of the last entry shown. */
  readonly at: number
  readonly index: number
  /** The highest index when the first page was read. */
  readonly newest: number
  /** The total as the first page gave it. */
  readonly total: number
}

const count = z.int().min(0)
const cursorSchema = z.tuple([z.string(), z.int(), count, count, count])

function hashOf(filter: DecisionFilter, party: string | undefined): string {
  const digest = sha256(Buffer.from(canonical([filter, party ?? ''])))
  return Buffer.from(digest).toString('hex').slice(0, QUERY_HASH_DIGITS)
}

export function encodeCursor(cursor: Cursor, filter: DecisionFilter, party: string | undefined): string {
  const { at, index, newest, total } = cursor
  return Buffer.from(JSON.stringify([hashOf(filter, party), at, index, newest, total])).toString('base64url')
}

/** The cursor, or `undefined` when it is malformed or of another query. */
export function decodeCursor(text: string, filter: DecisionFilter, party: string | undefined): Cursor | undefined {
  const parsed = cursorSchema.safeParse(jsonOf(Buffer.from(text, 'base64url').toString()))
  if (!parsed.success) return undefined
  const [hash, at, index, newest, total] = parsed.data
  return hash === hashOf(filter, party) ? { at, index, newest, total } : undefined
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

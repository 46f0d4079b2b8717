/**
 * Where a page of an index query ended. Opaque to callers; not secret, and not trusted: it only says where to go on reading.
 *
 * @module
 */
import { canonical, type DecisionFilter } from '@mandate/protocol'
import { z } from 'zod'
import { sha256 } from './hash.ts'

const QUERY_HASH_DIGITS = 12

/** The next page begins behind this entry. Entries only come in front of the first page, so no page shifts. */
export interface Cursor {
  /** Index of the last entry shown. */
  readonly index: number
  /** The total as the first page gave it. */
  readonly total: number
}

const cursorSchema = z.tuple([z.string(), z.int().min(0), z.int().min(0)])

function hashOf(filter: DecisionFilter, party: string | undefined): string {
  const digest = sha256(Buffer.from(canonical([filter, party ?? ''])))
  return Buffer.from(digest).toString('hex').slice(0, QUERY_HASH_DIGITS)
}

export function encodeCursor({ index, total }: Cursor, filter: DecisionFilter, party: string | undefined): string {
  return Buffer.from(JSON.stringify([hashOf(filter, party), index, total])).toString('base64url')
}

/** The cursor, or `undefined` when it is malformed or of another query. */
export function decodeCursor(text: string, filter: DecisionFilter, party: string | undefined): Cursor | undefined {
  const parsed = cursorSchema.safeParse(jsonOf(Buffer.from(text, 'base64url').toString()))
  if (!parsed.success) return undefined
  const [hash, index, total] = parsed.data
  return hash === hashOf(filter, party) ? { index, total } : undefined
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Terms that the index finds entries by, and their keys in stored chunks. Pure.
 *
 * @module
 */
import { isAscii } from 'node:buffer'
import { type DecisionFilter, type Entry, entryTerms, entryTime, filterTerms, parseLogEntry } from '@mandate/protocol'
import { sha256 } from './hash.ts'
import { type GrowingChunk, termText } from './index-chunk.ts'

/** Version of the terms of an entry; an index with other terms is rebuilt from its log. */
export const TERMS_VERSION = 2
/** Most entries that a tail gets at once. */
export const TAIL_ENTRIES = 200
const TERM_KEY_BYTES = 16

/** A query's conditions: an entry matches with at least one term of each list. */
export type WantedTerms = readonly (readonly string[])[]

export const wantedTerms = (filter: DecisionFilter, party: string | undefined): WantedTerms =>
  filterTerms(filter, party).map((anyOf) => anyOf.map(termText))

/** Key of a term in a stored chunk: a truncated cryptographic hash, so that callers cannot make terms collide. */
export function termKey(term: string): Uint8Array {
  return sha256(Buffer.from(term)).subarray(0, TERM_KEY_BYTES)
}

export function addTo(chunk: GrowingChunk, entry: Entry): void {
  chunk.add(entryTime(entry), entryTerms(entry))
}

/** Parses the canonical bytes of an entry. @throws ZodError or SyntaxError when they are none. */
export function parseEntry(bytes: Uint8Array): Entry {
  const parsed = parseLogEntry(JSON.parse(decodeText(bytes)))
  if (parsed.success) return parsed.data
  throw parsed.error
}

/** Decodes UTF-8. Bytes that are ASCII, as those of most entries, are decoded as Latin-1, which halves the cost. */
function decodeText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString(isAscii(buffer) ? 'latin1' : 'utf8')
}

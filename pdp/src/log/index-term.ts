/**
 * Terms that the index finds entries by, and their keys in stored chunks. Pure.
 *
 * @module
 */
import {
  type DecisionFilter,
  type Entry,
  entryTerms,
  entryTime,
  filterTerms,
  parseLogEntry,
  type Term,
} from '@mandate/protocol'
import { sha256 } from './hash.ts'
import type { GrowingChunk } from './index-chunk.ts'

/** Version of the terms of an entry; an index with other terms is rebuilt from its log. */
export const TERMS_VERSION = 2
/** Most entries that a tail gets at once. */
export const TAIL_ENTRIES = 200
const TERM_KEY_BYTES = 16

const utf8 = new TextDecoder()

export function termText({ field, value }: Term): string {
  return `${field}\n${value}`
}

/** A query's conditions: an entry matches with at least one term of each list. */
export type WantedTerms = readonly (readonly string[])[]

export const wantedTerms = (filter: DecisionFilter, party: string | undefined): WantedTerms =>
  filterTerms(filter, party).map((anyOf) => anyOf.map(termText))

/** Key of a term in a stored chunk: a truncated cryptographic hash, so that callers cannot make terms collide. */
export function termKey(term: string): Uint8Array {
  return sha256(Buffer.from(term)).subarray(0, TERM_KEY_BYTES)
}

export function addTo(chunk: GrowingChunk, entry: Entry): void {
  chunk.add(entryTime(entry), entryTerms(entry).map(termText))
}

export function parseEntry(bytes: Uint8Array): Entry {
  const parsed = parseLogEntry(JSON.parse(utf8.decode(bytes)))
  if (parsed.success) return parsed.data
  throw parsed.error
}

/**
 * What an index finds entries by: terms, and their keys in stored chunks. Pure.
 *
 * @module
 */
import {
  type DecisionFilter,
  type Entry,
  entrySchema,
  entryTerms,
  entryTime,
  filterTerms,
  type Term,
} from '@mandate/protocol'
import { sha256 } from './hash.ts'
import type { GrowingChunk } from './index-chunk.ts'

/** Raised when the terms of an entry change: indexes are then built anew from their logs. */
export const TERMS_VERSION = 2
/** Entries that a tail is given at once. */
export const TAIL_ENTRIES = 200
const TERM_KEY_BYTES = 16

const utf8 = new TextDecoder()

export function termText({ field, value }: Term): string {
  return `${field}\n${value}`
}

/** What a query asks of an entry: one term of each list. */
export type WantedTerms = readonly (readonly string[])[]

export const wantedTerms = (filter: DecisionFilter, party: string | undefined): WantedTerms =>
  filterTerms(filter, party).map((anyOf) => anyOf.map(termText))

/** A term's key in a stored chunk: short, of one length, and not to be made to collide. */
export function termKey(term: string): Uint8Array {
  return sha256(Buffer.from(term)).subarray(0, TERM_KEY_BYTES)
}

export function addTo(chunk: GrowingChunk, entry: Entry): void {
  chunk.add(entryTime(entry), entryTerms(entry).map(termText))
}

export function parseEntry(bytes: Uint8Array): Entry {
  return entrySchema.parse(JSON.parse(utf8.decode(bytes)))
}

/**
 * Sets of entries within one chunk of the log: encoding, intersection and counting. Pure.
 *
 * @module
 */

/** A field and a value that an entry has. */
export interface Term {
  readonly field: string
  readonly value: string
}

/** Separates field and value in a term's text. No field contains it. */
const TERM_SEPARATOR = '\n'

/** A term as one text: what its key in stored chunks is computed from. */
export const termText = ({ field, value }: Term): string => `${field}${TERM_SEPARATOR}${value}`

/** Entries in a chunk of the index. */
export const CHUNK_ENTRIES = 16_384
const WORD_BITS = 32
const WORDS = CHUNK_ENTRIES / WORD_BITS
const BITMAP_BYTES = CHUNK_ENTRIES / 8

/** Positions in a chunk, ascending, 0 to 16,383: as a list, or as encoded by {@link encodePlaces}. */
export type Places = readonly number[] | Uint8Array

/** Encodes positions: two bytes each, little-endian, or a bitmap of the chunk where that is shorter. */
export function encodePlaces(places: readonly number[]): Uint8Array {
  if (places.length * 2 < BITMAP_BYTES) {
    const view = new DataView(new ArrayBuffer(places.length * 2))
    for (const [at, place] of places.entries()) view.setUint16(at * 2, place, true)
    return new Uint8Array(view.buffer)
  }
  const bitmap = new Uint8Array(BITMAP_BYTES)
  for (const place of places) bitmap[place >> 3] = (bitmap[place >> 3] ?? 0) | (1 << (place & 7))
  return bitmap
}

/** A mutable set of positions that queries intersect. */
export class PlaceSet {
  #words: Uint32Array

  /** Starts with the first `size` positions of a chunk. */
  constructor(size: number) {
    this.#words = new Uint32Array(WORDS)
    const whole = Math.floor(size / WORD_BITS)
    this.#words.fill(0xffff_ffff, 0, whole)
    if (size % WORD_BITS > 0) this.#words[whole] = 2 ** (size % WORD_BITS) - 1
  }

  /** Keeps positions that are in at least one of `sets`. */
  keep(sets: readonly Places[]): void {
    const other = wordsOf(sets)
    for (let at = 0; at < WORDS; at += 1) this.#words[at] = (this.#words[at] ?? 0) & (other[at] ?? 0)
  }

  /** Keeps positions for which `isKept` returns true. */
  filter(isKept: (place: number) => boolean): void {
    const kept = new Uint32Array(WORDS)
    for (const place of this.descending(CHUNK_ENTRIES)) if (isKept(place)) setBit(kept, place)
    this.#words = kept
  }

  get count(): number {
    let count = 0
    for (const word of this.#words) count += bitsIn(word)
    return count
  }

  /** Yields positions below `before`, highest first. */
  *descending(before: number): Generator<number> {
    for (let at = WORDS - 1; at >= 0; at -= 1) {
      let word = this.#words[at] ?? 0
      while (word !== 0) {
        const bit = WORD_BITS - 1 - Math.clz32(word)
        const place = at * WORD_BITS + bit
        if (place < before) yield place
        word = (word & ~(1 << bit)) >>> 0
      }
    }
  }
}

function setBit(words: Uint32Array, place: number): void {
  words[place >> 5] = (words[place >> 5] ?? 0) | (1 << (place & 31))
}

function wordsOf(sets: readonly Places[]): Uint32Array {
  const words = new Uint32Array(WORDS)
  for (const places of sets) addPlaces(words, places)
  return words
}

function addPlaces(words: Uint32Array, places: Places): void {
  if (!(places instanceof Uint8Array)) {
    for (const place of places) setBit(words, place)
    return
  }
  const view = new DataView(places.buffer, places.byteOffset, places.byteLength)
  if (places.length === BITMAP_BYTES) {
    for (let at = 0; at < WORDS; at += 1) words[at] = (words[at] ?? 0) | view.getUint32(at * 4, true)
    return
  }
  for (let at = 0; at < places.length; at += 2) setBit(words, view.getUint16(at, true))
}

/** Counts the set bits of a 32-bit word. */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555)
  const nibbles = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}

/** A chunk as a query reads it: stored, or still growing. */
export interface Chunk {
  /** Index in the log of position 0. */
  readonly first: number
  readonly size: number
  /** Earliest and latest `at`, in epoch milliseconds. */
  readonly minAt: number
  readonly maxAt: number
  /** `at` by position. */
  times(): ArrayLike<number>
  /** Positions of a term; `undefined` when the term does not occur. */
  places(term: string): Places | undefined
}

/**
 * Selects the positions of a chunk that match a query. `undefined`: none.
 *
 * @param terms - An entry matches when it has at least one term of each list.
 * @param from - Inclusive lower bound of `at`; `to` is exclusive.
 */
export function matchesIn(
  chunk: Chunk,
  terms: readonly (readonly string[])[],
  from = Number.NEGATIVE_INFINITY,
  to = Number.POSITIVE_INFINITY,
): PlaceSet | undefined {
  if (chunk.size === 0 || chunk.maxAt < from || chunk.minAt >= to) return undefined
  const matches = new PlaceSet(chunk.size)
  for (const anyOf of terms) {
    const sets = anyOf.flatMap((term) => {
      const places = chunk.places(term)
      return places ? [places] : []
    })
    if (sets.length === 0) return undefined
    matches.keep(sets)
  }
  if (chunk.minAt >= from && chunk.maxAt < to) return matches
  const times = chunk.times()
  matches.filter((place) => {
    const at = times[place] ?? Number.NaN
    return at >= from && at < to
  })
  return matches
}

/** The chunk that is still growing, in memory. */
export class GrowingChunk implements Chunk {
  readonly first: number
  /** Positions by field and value: building a text of both for each term of each entry would cost more than the look-up. */
  readonly #places = new Map<string, Map<string, number[]>>()
  readonly #times: number[] = []
  minAt = Number.POSITIVE_INFINITY
  maxAt = Number.NEGATIVE_INFINITY

  constructor(first: number) {
    this.first = first
  }

  get size(): number {
    return this.#times.length
  }

  add(at: number, terms: readonly Term[]): void {
    const place = this.#times.length
    for (const { field, value } of terms) {
      let ofField = this.#places.get(field)
      if (!ofField) {
        ofField = new Map()
        this.#places.set(field, ofField)
      }
      const places = ofField.get(value)
      if (places) places.push(place)
      else ofField.set(value, [place])
    }
    this.#times.push(at)
    this.minAt = Math.min(this.minAt, at)
    this.maxAt = Math.max(this.maxAt, at)
  }

  times(): readonly number[] {
    return this.#times
  }

  places(term: string): readonly number[] | undefined {
    const end = term.indexOf(TERM_SEPARATOR)
    return this.#places.get(term.slice(0, end))?.get(term.slice(end + 1))
  }

  /** Yields every term with its positions. */
  *terms(): Generator<readonly [term: string, places: readonly number[]]> {
    for (const [field, ofField] of this.#places)
      for (const [value, places] of ofField) yield [termText({ field, value }), places]
  }
}

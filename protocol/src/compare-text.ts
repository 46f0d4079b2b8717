/**
 * The one order of texts. Pure.
 *
 * @module
 */

/** Above the surrogates in UTF-16, below what they stand for. */
const FIRST_SURROGATE = 0xd800
const AFTER_SURROGATES = 0xe000

/**
 * Compares by code point: the order of UTF-8's bytes, of SQLite's `BINARY` and of PostgreSQL's collation `"C"`. JavaScript's own (`<`, `sort()`)
 * is that of UTF-16 and puts U+1F600 before U+E000: a list that a database sorted must not be continued by it.
 *
 * @returns Below 0, 0 or above 0, as `sort` wants it. Both texts are well-formed.
 */
export function compareText(one: string, other: string): number {
  const length = Math.min(one.length, other.length)
  for (let at = 0; at < length; at += 1) {
    const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)]
    if (a !== b) return rank(a) - rank(b)
  }
  return one.length - other.length
}

/** A unit's place among units that begin to differ: surrogates behind all others. */
function rank(unit: number): number {
  if (unit < FIRST_SURROGATE) return unit
  return unit < AFTER_SURROGATES ? unit + AFTER_SURROGATES : unit
}

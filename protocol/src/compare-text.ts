/**
 * Text comparison in the order that the databases use. Pure.
 *
 * @module
 */

/** Code units between these two are surrogates. Units from 0xe000 on compare higher as UTF-16, but lower as code points. */
const FIRST_SURROGATE = 0xd800
const AFTER_SURROGATES = 0xe000

/**
 * Compares two texts by code point, which is the order of UTF-8 bytes, of SQLite's `BINARY` and of PostgreSQL's `"C"` collation. JavaScript's `<` and
 * `sort()` compare UTF-16 code units and order U+1F600 before U+E000: paging through a list sorted by a database would skip items.
 *
 * @param one - Well-formed, as is `other`.
 * @returns A negative number, 0 or a positive number, for `Array.sort`.
 */
export function compareText(one: string, other: string): number {
  const length = Math.min(one.length, other.length)
  for (let at = 0; at < length; at += 1) {
    const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)]
    if (a !== b) return rank(a) - rank(b)
  }
  return one.length - other.length
}

/** Sort key of a code unit at the first difference: surrogates after all others. */
function rank(unit: number): number {
  if (unit < FIRST_SURROGATE) return unit
  return unit < AFTER_SURROGATES ? unit + AFTER_SURROGATES : unit
}

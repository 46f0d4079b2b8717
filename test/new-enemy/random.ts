/**
 * Random choices that a seed repeats.
 *
 * @module
 */

export interface Random {
  /** A number from 0 up to 1, without 1. */
  next(): number
  integer(below: number): number
  pick<T>(from: readonly T[]): T
}

/** Mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const integer = (below: number): number => Math.floor(next() * below)
  const pick = <T>(from: readonly T[]): T => {
    const picked = from[integer(from.length)]
    if (picked === undefined) throw new RangeError('nothing to pick from')
    return picked
  }
  return { next, integer, pick }
}

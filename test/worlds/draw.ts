/**
 * What worlds are drawn with: fast-check's generator inside a property, so that a seed replays everything, and what may be drawn can depend
 * on what has happened so far.
 *
 * @module
 */
import * as fc from 'fast-check'

export type Gen = fc.GeneratorValue

/** One of several; throws on none. */
export const oneOf = <T>(gen: Gen, values: readonly T[]): T => gen(fc.constantFrom<T[]>, ...values)

/** True `percent` times in a hundred. */
export const chance = (gen: Gen, percent: number): boolean => gen(fc.integer, { min: 0, max: 99 }) < percent

/** Some of several, perhaps none, in their order. */
export const someOf = <T>(gen: Gen, values: readonly T[]): readonly T[] => values.filter(() => chance(gen, 60))

/** Whole numbers, both ends included. */
export const between = (gen: Gen, min: number, max: number): number => gen(fc.integer, { min, max })

/** What is likelier stands more often: `[weight, make]`. */
export function weighted<T>(gen: Gen, choices: readonly (readonly [number, () => T])[]): T {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0)
  let left = between(gen, 1, total)
  for (const [weight, make] of choices) {
    left -= weight
    if (left <= 0) return make()
  }
  throw new RangeError('nothing to choose from')
}

/** One of several, rather such as rank high: the best of two. */
export function betterOf<T>(gen: Gen, values: readonly T[], rank: (value: T) => number): T {
  const [one, other] = [oneOf(gen, values), oneOf(gen, values)]
  return rank(one) >= rank(other) ? one : other
}

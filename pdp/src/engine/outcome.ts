/**
 * Outcomes of the branches of a question, and how they combine: numbers, because they are compared in the hottest loop of the PDP.
 *
 * @module
 */
export const DENIED = 0
export const PERMITTED = 1
/**
 * Denied, and whether because of a cycle OpenFGA decides by chance: some of its strategies take no notice of a relation that leads back to itself
 * through no other one, and where two branches deny, the faster one says why. It matters under an exclusion alone, see {@link CYCLE}.
 */
export const LOOP = 2
/** Denied because the branch leads back to a question that is being answered. Where such a branch is subtracted, OpenFGA denies the whole. */
export const CYCLE = 3
/** An error, kept in `Evaluation.failure`. */
export const FAILED = 4
/** This engine cannot tell; OpenFGA can. */
export const UNSUPPORTED = 5
/** Depends on tuples that are not in memory. */
export const WANTING = 6
export type Outcome = 0 | 1 | 2 | 3 | 4 | 5 | 6

export const isDenial = (outcome: Outcome): boolean => outcome === DENIED || outcome === LOOP || outcome === CYCLE

/** The outcome of a union of two branches: a permit, or whatever leaves it open whether there is one. */
export const either = (one: Outcome, other: Outcome): Outcome =>
  one === PERMITTED || other === PERMITTED ? PERMITTED : one > other ? one : other

/**
 * The outcome of an intersection of two branches of which one at least is a denial: which kind of denial. Needed where the whole is subtracted.
 */
export function whicheverDenies(one: Outcome, other: Outcome): Outcome {
  if (one === other) return one
  if (one === WANTING || other === WANTING) return WANTING
  if (!decides(one)) return other
  return decides(other) ? LOOP : one
}

/** Whether the branch may end an intersection. One that is left to OpenFGA may turn out to be any denial. */
const decides = (outcome: Outcome): boolean => isDenial(outcome) || outcome === UNSUPPORTED

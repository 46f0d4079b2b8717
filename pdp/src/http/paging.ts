/**
 * Pages of a search: which candidates one is made of, and where the next begins.
 *
 * @module
 */
import { compareText } from '@mandate/protocol'

/** Candidates decided for one page at most, and at the same time. */
const MAX_DECIDED = 5_000
const WIDTH = 16

export interface SliceOptions {
  /** The last candidate of the page before. It need not be one any more. */
  readonly after: string | undefined
  /** How many results, at most. */
  readonly limit: number
  /**
   * Whether so many may be decided, after others of this page were. `false` ends the page there.
   *
   * @default all may
   */
  readonly isAllowed?: (decisions: number, done: number) => Promise<boolean>
}

export interface Slice<R> {
  readonly results: readonly R[]
  /** The last candidate that was decided, when there are more. */
  readonly last: string | undefined
}

/**
 * Decides candidates in the order of {@link compareText}, whatever order they come in, until there are as many results as were asked for.
 *
 * @param decide - `undefined` for what is not found.
 */
export async function sliceOf<C extends string, R>(
  candidates: readonly C[],
  { after, limit, isAllowed }: SliceOptions,
  decide: (candidate: C) => Promise<R | undefined>,
): Promise<Slice<R>> {
  const sorted = candidates.toSorted(compareText)
  const rest = after === undefined ? sorted : sorted.filter((candidate) => compareText(candidate, after) > 0)
  const results: R[] = []
  let at = 0
  while (at < rest.length && at < MAX_DECIDED && results.length < limit) {
    const width = Math.min(WIDTH, limit - results.length)
    const round = rest.slice(at, at + width)
    if (isAllowed && !(await isAllowed(round.length, at))) break
    const decided = await Promise.all(round.map(decide))
    results.push(...decided.filter((result) => result !== undefined))
    at += decided.length
  }
  return { results, last: at < rest.length ? rest[at - 1] : undefined }
}

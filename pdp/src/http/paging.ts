/**
 * Paging of a search: selects the candidates of a page, and the position of the next.
 *
 * @module
 */
import { compareText } from '@mandate/protocol'
import type { Turn } from './turn.ts'

/** Candidates decided for one page, and decided in parallel, at most. */
const MAX_DECIDED = 5_000
const WIDTH = 16

export interface SliceOptions {
  /** Last candidate of the previous page; it may have disappeared since. */
  readonly after: string | undefined
  /** How many results, at most. */
  readonly limit: number
  /**
   * Returns whether so many further candidates may be decided; `false` ends the page.
   *
   * @default all may
   */
  readonly isAllowed?: (decisions: number, done: number) => Promise<boolean>
  /** Share of the event loop. @default all of it */
  readonly turn?: Turn
}

export interface Slice<R> {
  readonly results: readonly R[]
  /** Last decided candidate, when there are more. */
  readonly last: string | undefined
}

/**
 * Sorts candidates by {@link compareText} and decides them in that order until the page has `limit` results.
 *
 * @param decide - Returns `undefined` for a candidate that is no result.
 */
export async function sliceOf<C extends string, R>(
  candidates: readonly C[],
  { after, limit, isAllowed, turn }: SliceOptions,
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
    if (turn?.isOver) await turn.next()
  }
  return { results, last: at < rest.length ? rest[at - 1] : undefined }
}

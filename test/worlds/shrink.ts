/**
 * Makes a counter-example small: leaves steps out one by one as long as what was found is still there.
 *
 * @module
 */
import type { TestPdp } from '../fixtures/pdp.ts'
import { caseOf } from './case-text.ts'
import { type Disagreement, play } from './play.ts'
import { isAsk, type Step } from './steps.ts'

/** How long it may take. */
const PATIENCE_MS = 60_000

/** Steps, and what was found after them. */
export interface Found<T> {
  readonly steps: readonly Step[]
  readonly what: T
}

/**
 * The fewest steps that could be found in time.
 *
 * @param replay - Plays the steps anew; may find it after fewer of them.
 * @param kept - How many of the last steps are never left out.
 */
export async function smallest<T>(
  first: Found<T>,
  replay: (steps: readonly Step[]) => Promise<Found<T> | undefined>,
  kept: number,
): Promise<Found<T>> {
  const until = performance.now() + PATIENCE_MS
  let best = first
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false
    for (let index = best.steps.length - 1 - kept; index >= 0 && performance.now() < until; index -= 1) {
      const smaller = await replay(best.steps.filter((_, each) => each !== index)).catch(() => undefined)
      if (!smaller) continue
      best = smaller
      isSmaller = true
      index = Math.min(index, best.steps.length - kept)
    }
  }
  return best
}

/** @returns the YAML of the smallest case in which reference and PDP disagree. */
export async function counterExample(
  server: TestPdp,
  steps: readonly Step[],
  disagreement: Disagreement,
): Promise<string> {
  const replay = async (candidate: readonly Step[]): Promise<Found<Disagreement> | undefined> => {
    const { disagreement: what } = await play(server, candidate)
    return what && { steps: candidate.slice(0, what.index + 1), what }
  }
  const first = { steps: steps.slice(0, disagreement.index + 1), what: disagreement }
  // Mostly it matters only what happened and what was asked last.
  const bare = [...first.steps.slice(0, -1).filter((step) => !isAsk(step)), ...first.steps.slice(-1)]
  return caseOf(await smallest((await replay(bare)) ?? first, replay, 1))
}

/**
 * Shrinks a counter-example: leaves steps out one by one while the disagreement is still found.
 *
 * @module
 */
import type { TestPdp } from '../fixtures/pdp.ts'
import { caseOf } from './case-text.ts'
import { type Disagreement, play } from './play.ts'
import { type Found, isAsk, type Step } from './steps.ts'

/** Time allowed for making one counter-example smaller. */
const DEADLINE_MS = 60_000

/**
 * Finds the shortest list of steps that still shows the disagreement, within `DEADLINE_MS`.
 *
 * @param replay - Plays the steps anew; may find it after fewer of them.
 * @param kept - How many of the last steps are never left out.
 */
export async function smallest<T>(
  first: Found<T>,
  replay: (steps: readonly Step[]) => Promise<Found<T> | undefined>,
  kept: number,
): Promise<Found<T>> {
  const until = performance.now() + DEADLINE_MS
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
  // Most disagreements need only the changes and the last question: try without the other questions first.
  const bare = [...first.steps.slice(0, -1).filter((step) => !isAsk(step)), ...first.steps.slice(-1)]
  return caseOf(await smallest((await replay(bare)) ?? first, replay, 1))
}

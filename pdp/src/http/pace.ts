/**
 * How fast batches go through, measured, so that one which cannot be done in the time that its caller waits is refused before any of it is done.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { patienceLeftMs } from '../patience.ts'

/** Before anything was measured, in milliseconds a decision: what the fastest machines need. */
const FASTEST_MS = 0.05
/** How much the newest measurement counts. */
const WEIGHT = 0.2

export class Pace {
  #msADecision = FASTEST_MS

  /** @throws Fault `too_many_requests`, which says how many decisions fit in the time that is left. */
  requireTimeFor(decisions: number): void {
    const left = patienceLeftMs()
    if (left === undefined) return
    const fits = Math.floor(left / this.#msADecision)
    if (decisions <= Math.max(1, fits)) return
    throw new Fault('too_many_requests', 'a batch beyond its deadline', {
      detail: `${fits} of ${decisions} decisions fit in the ${left} ms that you wait: send fewer at a time, or wait longer.`,
      members: { fits },
    })
  }

  /** Measures some decisions that are made at the same time. Those that fail are not measured: they ended by a deadline. */
  async timed<T extends { readonly fault?: unknown }>(
    decisions: number,
    decide: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const begin = performance.now()
    const decided = await decide()
    if (decided.every(({ fault }) => fault === undefined)) {
      const ms = (performance.now() - begin) / decisions
      this.#msADecision += (Math.max(ms, FASTEST_MS) - this.#msADecision) * WEIGHT
    }
    return decided
  }
}

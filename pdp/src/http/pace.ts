/**
 * How fast each caller's batches go through, measured, so that one which cannot be done in the time that its caller waits is refused before any of
 * it is done. By caller: what one sends says nothing about the turns that another gets.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { currentLeftMs } from '@mandate/service'
import { LruCache } from '../runtime/lru-cache.ts'

/** Before anything was measured, in milliseconds a decision: what the fastest machines need. */
const FASTEST_MS = 0.05
/** How much the newest measurement counts. */
const WEIGHT = 0.2
/** Older ones count for nothing, in milliseconds: a batch that is refused measures nothing, and a slow moment would be for ever. */
const FORGOTTEN_AFTER_MS = 5_000
/** How many callers are remembered. */
const CALLERS = 10_000

interface Measured {
  readonly msADecision: number
  /** When last. */
  readonly at: number
}

export class Pace {
  readonly #measured = new LruCache<Measured>(CALLERS)
  readonly #now: () => number

  /** @param now - In milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** @throws Fault `too_many_requests`, which says how many decisions fit in the time that is left. */
  requireTimeFor(caller: string, decisions: number): void {
    const left = currentLeftMs()
    if (left === undefined) return
    const fits = Math.floor(left / this.#msADecision(caller))
    if (decisions <= Math.max(1, fits)) return
    throw new Fault('too_many_requests', 'a batch beyond its deadline', {
      detail: `${fits} of ${decisions} decisions fit in the ${left} ms that you wait: send fewer at a time, or wait longer.`,
      members: { fits },
    })
  }

  /** Measures some decisions that are made at the same time. Those that fail are not measured: they ended by a deadline. */
  async timed<T extends { readonly fault?: unknown }>(
    caller: string,
    decisions: number,
    decide: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const begin = this.#now()
    const decided = await decide()
    if (decided.every(({ fault }) => fault === undefined)) {
      const at = this.#now()
      const before = this.#msADecision(caller)
      const ms = Math.max((at - begin) / decisions, FASTEST_MS)
      this.#measured.set(caller, { msADecision: before + (ms - before) * WEIGHT, at })
    }
    return decided
  }

  #msADecision(caller: string): number {
    const measured = this.#measured.get(caller)
    return measured && this.#now() - measured.at < FORGOTTEN_AFTER_MS ? measured.msADecision : FASTEST_MS
  }
}

/**
 * Measures the throughput of each caller's batches, to reject a batch that cannot be completed before its caller's deadline. Measured by caller,
 * because the fair queue gives each caller a different share.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { currentLeftMs } from '@mandate/service'
import { LruCache } from '../runtime/lru-cache.ts'

/** Estimate before the first measurement, in milliseconds per decision: that of the fastest machines. */
const FASTEST_MS = 0.05
/** Weight of the newest measurement in the moving average. */
const WEIGHT = 0.2
/** Lifetime of a measurement, in milliseconds. A rejected batch measures nothing, so an old slow measurement would reject for ever. */
const FORGOTTEN_AFTER_MS = 5_000
/** Callers with a stored measurement, at most. */
const CALLERS = 10_000

interface Measured {
  readonly msADecision: number
  /** Instant of the last measurement. */
  readonly at: number
}

export class Pace {
  readonly #measured = new LruCache<Measured>(CALLERS)
  readonly #now: () => number

  /** @param now - Monotonic clock, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Rejects a batch that would miss its deadline. @throws Fault `too_many_requests` with the number of decisions that fit. */
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

  /** Runs and measures decisions made in parallel. Failed decisions are not measured: a deadline ended them. */
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

/**
 * What one caller may still have, in decisions: so many a time, and for people a burst beyond.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { RateLimiterMemory } from 'rate-limiter-flexible'

export interface AllowanceOptions {
  readonly perSecond: number
  /** Extra at once, in a minute. */
  readonly burst?: number
}

export class Allowance {
  readonly #limiters: readonly RateLimiterMemory[]

  constructor({ perSecond, burst = 0 }: AllowanceOptions) {
    this.#limiters = [
      new RateLimiterMemory({ points: perSecond, duration: 1 }),
      ...(burst > 0 ? [new RateLimiterMemory({ points: burst, duration: 60 })] : []),
    ]
  }

  /** The most decisions that can ever be had at once. */
  get most(): number {
    return Math.floor(Math.max(...this.#limiters.map(({ points }) => points)))
  }

  /**
   * Takes so many at once, or none.
   *
   * @throws Fault `too_many_requests`, which says how many are left, or `payload_too_large` for more than can ever be had.
   */
  async spend(caller: string, decisions: number): Promise<void> {
    if (decisions <= 0) return
    // One is let in by a limit below one a second as well.
    if (decisions > Math.max(1, this.most))
      throw new Fault('payload_too_large', 'more decisions than the limit ever allows', {
        detail: `It counts as its ${decisions} decisions; at most ${this.most} fit at once.`,
        members: { fits: this.most },
      })
    for (const limiter of this.#limiters)
      if ((await leftIn(limiter, caller)) >= decisions && (await isTaken(limiter, caller, decisions))) return
    const lefts = await Promise.all(this.#limiters.map((limiter) => leftIn(limiter, caller)))
    const fits = Math.floor(Math.max(0, ...lefts))
    throw new Fault('too_many_requests', 'rate limit', {
      ...(decisions > 1
        ? { detail: `It counts as its ${decisions} decisions; ${fits} fit now.`, members: { fits } }
        : {}),
    })
  }
}

/** Others may have taken what was left: then nothing is taken. */
async function isTaken(limiter: RateLimiterMemory, caller: string, decisions: number): Promise<boolean> {
  try {
    await limiter.consume(caller, decisions)
    return true
  } catch (cause) {
    // The limiter rejects with its state when the limit is reached, and with an Error when it is broken.
    if (cause instanceof Error) throw cause
    await limiter.reward(caller, decisions)
    return false
  }
}

async function leftIn(limiter: RateLimiterMemory, caller: string): Promise<number> {
  const state = await limiter.get(caller)
  return state?.remainingPoints ?? limiter.points
}

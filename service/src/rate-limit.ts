/**
 * Rate limits by name or address, counted in this process alone: several replicas let in as many times as much.
 *
 * @module
 */
import { addressBlock, Fault } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** A rate, counted in the memory of one process. */
export interface RateOptions {
  /** Requests a second. Below one, one request in so much longer. */
  readonly perSecond: number
  /** How many more at once, in a minute. @default 0 */
  readonly burst?: number
  /** What is counted, in the plural, for the caller to read. @default 'requests' */
  readonly unit?: string
}

/** How much each caller may still ask for: a rate, and a burst beyond it. */
export class RateLimit {
  readonly #limiters: readonly RateLimiterMemory[]
  readonly #unit: string

  constructor({ perSecond, burst = 0, unit = 'requests' }: RateOptions) {
    this.#unit = unit
    this.#limiters = [
      new RateLimiterMemory(
        perSecond < 1 ? { points: 1, duration: 1 / perSecond } : { points: perSecond, duration: 1 },
      ),
      ...(burst > 0 ? [new RateLimiterMemory({ points: burst, duration: 60 })] : []),
    ]
  }

  /** The most that can ever be had at once. */
  get most(): number {
    return Math.floor(Math.max(...this.#limiters.map(({ points }) => points)))
  }

  /**
   * Takes so many at once, or none.
   *
   * @param count - 0 and below takes none.
   * @throws Fault `too_many_requests` with `retry_after` and, of several, `fits` in its members; `payload_too_large` for more than can ever be had.
   */
  async spend(caller: string, count = 1): Promise<void> {
    if (count <= 0) return
    if (count > this.most) throw this.tooLarge(count)
    const waits: number[] = []
    for (const limiter of this.#limiters) {
      const waitMs = await take(limiter, caller, count)
      if (waitMs === undefined) return
      waits.push(waitMs)
    }
    throw await this.#refusal(caller, count, Math.min(...waits))
  }

  /** The fault for more than can ever be had. */
  tooLarge(count: number): Fault {
    return new Fault('payload_too_large', `more ${this.#unit} than the limit ever allows`, {
      detail: `It counts as its ${count} ${this.#unit}; at most ${this.most} fit at once.`,
      members: { fits: this.most },
    })
  }

  async #refusal(caller: string, count: number, waitMs: number): Promise<Fault> {
    if (count === 1) return tooManyRequests('rate limit', waitMs)
    const left = await Promise.all(this.#limiters.map((limiter) => leftIn(limiter, caller)))
    const fits = Math.floor(Math.max(0, ...left))
    const detail = `It counts as its ${count} ${this.#unit}; ${fits} fit now.`
    return tooManyRequests('rate limit', waitMs, { detail, members: { fits } })
  }
}

/** @returns `undefined` when they are taken, else how long to wait in milliseconds, for ever where so many never fit; nothing is taken then. */
async function take(limiter: RateLimiterMemory, caller: string, count: number): Promise<number | undefined> {
  if (limiter.points < count) return Number.POSITIVE_INFINITY
  if (count > 1) {
    const state = await limiter.get(caller)
    if ((state?.remainingPoints ?? limiter.points) < count) return state?.msBeforeNext ?? limiter.duration * 1_000
  }
  try {
    await limiter.consume(caller, count)
    return undefined
  } catch (cause) {
    // The limiter rejects with its state when too little is left, and has counted the points all the same; with an Error when it is broken.
    if (!(cause instanceof RateLimiterRes)) throw cause
    await limiter.reward(caller, count)
    return cause.msBeforeNext
  }
}

async function leftIn(limiter: RateLimiterMemory, caller: string): Promise<number> {
  const state = await limiter.get(caller)
  return state?.remainingPoints ?? limiter.points
}

/** Refuses requests above `perSecond` from one address (IPv6: from one /64), whoever sends them. Needs no authentication before it. */
export function limitByAddress(perSecond: number): RequestHandler {
  const limit = new RateLimit({ perSecond })
  return (req, _res, next) => {
    // Express 4 does not see a rejected promise.
    limit.spend(addressBlock(req.ip ?? '')).then(() => next(), next)
  }
}

/** Fault `too_many_requests` with `retry_after`, in whole seconds and at least one, among its members. */
export function tooManyRequests(
  message: string,
  waitMs = 0,
  { detail, members }: { readonly detail?: string; readonly members?: Readonly<Record<string, unknown>> } = {},
): Fault {
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1_000))
  return new Fault('too_many_requests', message, {
    ...(detail === undefined ? {} : { detail }),
    members: { ...members, retry_after: retryAfter },
  })
}

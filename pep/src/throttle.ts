/**
 * Adaptive throttling: while a PDP refuses questions because there are too many (429), only about twice as many are sent as it accepts. The others are answered
 * here, so that refusals do not cost the PDP what decisions would.
 *
 * @see {@link https://sre.google/sre-book/handling-overload/#client-side-throttling-a7sYUg Site Reliability Engineering, chapter 21}
 * @module
 */
import { randomInt } from 'node:crypto'

/** How long questions are counted, in milliseconds: how soon all are sent again once the PDP accepts them. */
const WINDOW_MS = 2_000
/** Refusals in a window that change nothing. */
const FREE_REFUSALS = 20
/** Questions sent for each that is accepted. */
const FACTOR = 2

interface Counted {
  /** Start, by the clock. */
  readonly since: number
  wanted: number
  accepted: number
  refused: number
}

export interface ThrottleOptions {
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number
  /** A number from 0 up to 1. @default a random one */
  readonly random?: () => number
}

/** A random number from 0 up to 1. */
export const randomShare = (): number => randomInt(2 ** 30) / 2 ** 30

export class Throttle {
  readonly #now: () => number
  readonly #random: () => number
  #before: Counted
  #current: Counted

  constructor({ now, random = randomShare }: ThrottleOptions) {
    this.#now = now
    this.#random = random
    this.#before = empty(now())
    this.#current = empty(now())
  }

  /** Counts a question. @returns whether it is to be sent; if so, report what became of it. */
  isLetThrough(): boolean {
    this.#roll()
    const wanted = this.#before.wanted + this.#current.wanted
    const accepted = this.#before.accepted + this.#current.accepted
    const refused = this.#before.refused + this.#current.refused
    this.#current.wanted += 1
    if (refused <= FREE_REFUSALS) return true
    return this.#random() >= Math.max(0, (wanted - FACTOR * accepted) / (wanted + 1))
  }

  /** Reports that there were not too many questions, whatever became of this one. */
  accepted(): void {
    this.#roll()
    this.#current.accepted += 1
  }

  /** Reports a refusal because of too many questions. */
  refused(): void {
    this.#roll()
    this.#current.refused += 1
  }

  #roll(): void {
    const now = this.#now()
    const { since } = this.#current
    if (now < since + WINDOW_MS) return
    this.#before = now < since + 2 * WINDOW_MS ? this.#current : empty(now)
    this.#current = empty(now)
  }
}

const empty = (since: number): Counted => ({ since, wanted: 0, accepted: 0, refused: 0 })

/** Seconds to wait that differ between clients, so that those refused together do not come back together: up to twice as long, at least one more second. */
export function spreadSeconds(seconds: number, random: () => number = randomShare): number {
  return seconds + Math.floor(random() * (seconds + 1))
}

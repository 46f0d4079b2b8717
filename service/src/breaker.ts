/**
 * A circuit breaker: after enough failures in a row the far side is left alone for a while, then tried with one call.
 *
 * @module
 */

/** When a breaker opens, and for how long. */
export interface BreakerOptions {
  /** How many failures in a row open it. */
  readonly threshold: number
  /** How long it stays open before one call is let through, in milliseconds. */
  readonly openMs: number
  /** A clock in milliseconds, whatever it counts from. */
  readonly now: () => number
}

/** Closed: calls pass. Open: none does. Half open: one does, and its result closes or re-opens. */
export class Breaker {
  readonly #options: BreakerOptions
  #failures = 0
  #openUntil = 0
  /** Calls let through while half open: none or one. */
  #probes = 0

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  /** Whether one more failure opens it. For a caller that looks at the far side's health before it reports one. */
  get isAboutToOpen(): boolean {
    return this.#failures + 1 >= this.#options.threshold
  }

  /** How long no call may be made, in milliseconds; 0 when one may. Lets nothing through: to refuse early what would have to queue. */
  openForMs(): number {
    if (this.#failures < this.#options.threshold) return 0
    const waitMs = this.#openUntil - this.#options.now()
    if (waitMs > 0) return waitMs
    return this.#probes > 0 ? this.#options.openMs : 0
  }

  /** Lets a call through. @returns how long no call may be made, in milliseconds; after 0 the caller must report with `succeeded`, `failed` or `unclear`. */
  enter(): number {
    const waitMs = this.openForMs()
    if (waitMs === 0 && this.#failures >= this.#options.threshold) this.#probes += 1
    return waitMs
  }

  succeeded(): void {
    this.#failures = 0
    this.#probes = 0
  }

  failed(): void {
    this.#failures += 1
    this.#probes = 0
    if (this.#failures >= this.#options.threshold) this.#openUntil = this.#options.now() + this.#options.openMs
  }

  /** Nothing was learnt about the far side, such as when the caller did not wait. */
  unclear(): void {
    this.#probes = 0
  }
}

/**
 * A circuit breaker: after enough failures in a row the far side is left alone for a while, then tried with one call.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'

export interface BreakerOptions {
  /** How many failures in a row open it. */
  readonly threshold: number
  /** How long it stays open before one call is let through, in milliseconds. */
  readonly openMs: number
  readonly now: () => EpochMillis
}

/** Closed: calls pass. Open: none does. Half open: one does, and its result closes or re-opens. */
export class Breaker {
  readonly #options: BreakerOptions
  #failures = 0
  #openUntil: EpochMillis = 0
  /** Calls let through while half open: none or one. */
  #probes = 0

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  /** How long no call may be made, in milliseconds; 0 when one may. A caller that goes on must report with `succeeded`, `failed` or `unclear`. */
  enter(): number {
    if (this.#failures < this.#options.threshold) return 0
    const waitMs = this.#openUntil - this.#options.now()
    if (waitMs > 0) return waitMs
    if (this.#probes > 0) return this.#options.openMs
    this.#probes += 1
    return 0
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

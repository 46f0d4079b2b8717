/**
 * Compares this machine's clock with the database's, by which the PDPs of one database agree on times.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'

/** Largest accepted difference, in milliseconds. */
export const MOST_APART_MS = 1_000

export interface ClockComparisonOptions {
  /** Called when the clocks have come to differ by more than {@link MOST_APART_MS}, with the difference in milliseconds; positive: the database is ahead. */
  readonly onApart: (byMs: number) => void
  /** Called when they agree again. */
  readonly onAgreed: () => void
}

export class ClockComparison {
  readonly #options: ClockComparisonOptions
  /** Latest difference in milliseconds; positive: the database is ahead. */
  offsetMs = 0
  /** Whether the clocks differ by more than {@link MOST_APART_MS}. */
  isApart = false

  constructor(options: ClockComparisonOptions) {
    this.#options = options
  }

  /**
   * @param database - The database's clock, read at some instant between the two of this machine.
   */
  observe(database: EpochMillis, machine: { readonly before: EpochMillis; readonly after: EpochMillis }): void {
    const least = database - machine.after
    const most = database - machine.before
    this.offsetMs = (least + most) / 2
    // A slow answer proves nothing: they are apart only if no instant in between explains the difference.
    const isApart = least > MOST_APART_MS || most < -MOST_APART_MS
    if (isApart === this.isApart) return
    this.isApart = isApart
    if (isApart) this.#options.onApart(Math.round(this.offsetMs))
    else this.#options.onAgreed()
  }
}

/**
 * Bounds further attempts by the number of first ones, so that a PDP that is overloaded or restarts is not asked a multiple of what its callers ask.
 *
 * @module
 */

/** What each first attempt adds, and what the budget can hold: enough for all questions under way when one of several PDPs ends. */
const BUDGET = { aFirst: 0.1, most: 100 } as const

export class RetryBudget {
  #left: number = BUDGET.most

  /** Reports a first attempt. */
  asked(): void {
    this.#left = Math.min(BUDGET.most, this.#left + BUDGET.aFirst)
  }

  /** Takes a further attempt. @returns `false` when there is none left: the result of the attempt before is final. */
  take(): boolean {
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}

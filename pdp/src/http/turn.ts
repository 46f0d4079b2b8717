/**
 * Shares of the event loop for work that never waits for input or output: batches and searches decided from memory. Without turns one of them would keep all
 * other requests waiting; with turns of their own, many of them would.
 *
 * @module
 */
import { CallerQueues } from '../runtime/caller-queues.ts'

/** Longest turn, in milliseconds. */
const MOST_MS = 2

/** One turn for all work of this kind in each round of the event loop: other requests wait so long at most, however many batches there are. */
export class Turns {
  readonly #waiting: CallerQueues<() => void> = new CallerQueues()
  readonly #now: () => number
  /** Whether a turn has been given in this round of the event loop. */
  #isGiven = false

  /** @param now - Milliseconds of a clock that never jumps. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Waits for a turn; callers take turns. @returns the turn, to be asked whether it is over. */
  async begin(caller: string): Promise<Turn> {
    const turn = new Turn(() => this.#next(caller), this.#now)
    await turn.next()
    return turn
  }

  #next(caller: string): Promise<void> | undefined {
    if (this.#isGiven) return new Promise((resolve) => this.#waiting.push(caller, resolve))
    this.#give()
    return undefined
  }

  #give(): void {
    this.#isGiven = true
    setImmediate(() => {
      this.#isGiven = false
      const next = this.#waiting.take()
      if (!next) return
      this.#give()
      next.item()
    })
  }
}

/** The turns of one batch or search. */
export class Turn {
  readonly #ask: () => Promise<void> | undefined
  readonly #now: () => number
  #since = 0
  #waiting: Promise<void> | undefined

  constructor(ask: () => Promise<void> | undefined, now: () => number) {
    this.#ask = ask
    this.#now = now
  }

  /** Whether other requests must be let in now. */
  get isOver(): boolean {
    return this.#now() - this.#since > MOST_MS
  }

  /** Waits for the next turn. Everything that shares this one goes on together. */
  next(): Promise<void> {
    this.#waiting ??= this.#begin()
    return this.#waiting
  }

  async #begin(): Promise<void> {
    await this.#ask()
    this.#since = this.#now()
    this.#waiting = undefined
  }
}

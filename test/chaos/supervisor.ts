/**
 * Starts a process again when it ends, as a service manager does; holds it down for as long as a fault lasts.
 *
 * @module
 */

/** A process that can be killed and started again on the same data. */
export interface Restartable {
  ended(): Promise<string>
  kill(): Promise<void>
  restart(): Promise<void>
}

const STARTS = 10

export class Supervisor {
  readonly #process: Restartable
  readonly #onEnd: (how: string) => void
  #isHeld = false
  #isDone = false

  /** @param onEnd - Is called when the process ended and nothing had killed it. */
  constructor(process: Restartable, onEnd: (how: string) => void) {
    this.#process = process
    this.#onEnd = onEnd
    this.#watch()
  }

  #watch(): void {
    void this.#process.ended().then(async (how) => {
      if (this.#isHeld || this.#isDone) return
      this.#onEnd(how)
      await this.#start()
    })
  }

  /** Kills the process, and leaves it down until {@link release}. */
  async hold(): Promise<void> {
    this.#isHeld = true
    await this.#process.kill()
  }

  async release(): Promise<void> {
    this.#isHeld = false
    await this.#start()
  }

  /** Where another process that it needs is down, a start fails and is tried again. */
  async #start(): Promise<void> {
    for (let left = STARTS; !this.#isDone; left -= 1) {
      try {
        await this.#process.restart()
        return this.#watch()
      } catch (error) {
        if (left === 0) throw error
      }
    }
  }

  /** Ends the supervision: the process is not started again. */
  stop(): void {
    this.#isDone = true
  }
}

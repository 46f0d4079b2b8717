/**
 * A steady load for hours: so many questions a second, whether or not earlier ones are answered. A failed question is counted and does not end the load.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../peers/timing.ts'

/** `wrong`: another decision than the expected one. `failed`: no decision. */
export type Outcome = 'right' | 'wrong' | 'failed'

export interface SteadyLoadOptions {
  readonly perSecond: number
  /** Asks one question. Never rejects. */
  readonly ask: () => Promise<Outcome>
  /** Questions in flight, at most: what is due beyond them is counted as unsent, so that a stalled server does not fill the client's memory. @default 512 */
  readonly mostInFlight?: number
}

/** What happened since the window before it. Times in milliseconds, from when a question was due. */
export interface Window {
  readonly seconds: number
  readonly right: number
  readonly wrong: number
  readonly failed: number
  readonly unsent: number
  readonly p50: number
  readonly p99: number
}

export class SteadyLoad {
  readonly #options: Required<SteadyLoadOptions>
  readonly #inFlight = new Set<Promise<void>>()
  #counts = { right: 0, wrong: 0, failed: 0, unsent: 0 }
  #took: number[] = []
  #since = performance.now()
  #isStopped = false
  readonly #sending: Promise<void>

  /** Starts to send. */
  constructor(options: SteadyLoadOptions) {
    this.#options = { mostInFlight: 512, ...options }
    this.#sending = this.#send()
  }

  /** Figures since the last call. */
  takeWindow(): Window {
    const now = performance.now()
    const took = this.#took.toSorted((a, b) => a - b)
    const window = {
      seconds: (now - this.#since) / 1_000,
      ...this.#counts,
      p50: quantile(took, 0.5),
      p99: quantile(took, 0.99),
    }
    this.#counts = { right: 0, wrong: 0, failed: 0, unsent: 0 }
    this.#took = []
    this.#since = now
    return window
  }

  /** Sends no more, and waits for what is in flight. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#sending
    await Promise.all(this.#inFlight)
  }

  async #send(): Promise<void> {
    const { perSecond, mostInFlight } = this.#options
    const start = performance.now()
    for (let sent = 0; !this.#isStopped; ) {
      const now = performance.now()
      const due = Math.floor(((now - start) * perSecond) / 1_000) + 1
      for (; sent < due; sent += 1) {
        if (this.#inFlight.size >= mostInFlight) this.#counts.unsent += 1
        else this.#sendOne(start + (sent * 1_000) / perSecond)
      }
      await sleep(1)
    }
  }

  #sendOne(dueAt: number): void {
    const asked = this.#options.ask().then((outcome) => {
      this.#counts[outcome] += 1
      if (outcome === 'right') this.#took.push(performance.now() - dueAt)
      this.#inFlight.delete(asked)
    })
    this.#inFlight.add(asked)
  }
}

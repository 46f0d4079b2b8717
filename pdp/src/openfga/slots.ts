/**
 * A fair semaphore for requests to OpenFGA: a fixed number of slots per lane, and waiting callers take turns. Administration has slots of its own;
 * batches and searches get few while another caller is active, so that one caller's flood delays the others by one question at most.
 *
 * @module
 */
import type { Lane, Workload } from '../ports/workload.ts'
import { CallerQueues } from '../runtime/caller-queues.ts'

export interface SlotOptions {
  /** Most single decisions in flight, of all callers. */
  readonly asks?: number
  /** Most single decisions in flight, of one caller. */
  readonly asksOfOne?: number
  /** Most decisions of batches and searches in flight while no other caller is active. */
  readonly bulk?: number
  /** The same while another caller is active. */
  readonly bulkBeside?: number
  readonly administration?: number
  /** How long a caller counts as active after a request, in milliseconds. */
  readonly aboutMs?: number
  /** Monotonic clock in milliseconds. @default performance.now */
  readonly now?: () => number
}

const DEFAULTS = { asks: 64, asksOfOne: 32, bulk: 16, bulkBeside: 1, administration: 32, aboutMs: 1_000 } as const

interface Waiting {
  readonly start: () => void
}

export class FairSlots {
  readonly #options: Required<SlotOptions>
  readonly #underWay: Record<Lane, number> = { ask: 0, bulk: 0, administer: 0 }
  /** Number of questions in flight, by lane and caller. */
  readonly #ofOne = new Map<string, number>()
  readonly #waiting: Record<Lane, CallerQueues<Waiting>> = {
    ask: new CallerQueues(),
    bulk: new CallerQueues(),
    administer: new CallerQueues(),
  }
  /** The last two different callers outside the bulk lane, and the time of their last request. */
  #about: { readonly caller: string; readonly at: number }[] = []

  constructor(options: SlotOptions = {}) {
    this.#options = { ...DEFAULTS, now: () => performance.now(), ...options }
  }

  /**
   * Waits for a slot.
   *
   * @param signal - Gives up waiting: rejects with its reason.
   * @returns A function that releases the slot. Call it once.
   */
  async take(work: Workload, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (work.lane !== 'bulk') this.#see(work.caller)
    if (this.#waiting[work.lane].size > 0 || !this.#isFree(work)) await this.#queued(work, signal)
    else this.#begin(work)
    return () => this.#end(work)
  }

  #queued(work: Workload, signal: AbortSignal | undefined): Promise<void> {
    const queues = this.#waiting[work.lane]
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        queues.delete(work.caller, waiting)
        reject(signal?.reason)
      }
      const waiting: Waiting = {
        start: () => {
          signal?.removeEventListener('abort', giveUp)
          this.#begin(work)
          resolve()
        },
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      queues.push(work.caller, waiting)
      this.#serve()
    })
  }

  #begin(work: Workload): void {
    this.#underWay[work.lane] += 1
    this.#ofOne.set(keyOf(work), this.#countOf(work) + 1)
  }

  #end(work: Workload): void {
    this.#underWay[work.lane] -= 1
    const left = this.#countOf(work) - 1
    if (left > 0) this.#ofOne.set(keyOf(work), left)
    else this.#ofOne.delete(keyOf(work))
    if (work.lane !== 'bulk') this.#see(work.caller)
    this.#serve()
  }

  /** Starts every waiting request that a slot is free for, callers in turn. */
  #serve(): void {
    for (const lane of ['administer', 'ask', 'bulk'] as const) {
      const next = () => this.#waiting[lane].take((caller) => this.#isFree({ lane, caller }))
      for (let one = next(); one; one = next()) one.item.start()
    }
  }

  #isFree(work: Workload): boolean {
    const { asks, asksOfOne, bulk, bulkBeside, administration } = this.#options
    if (work.lane === 'administer') return this.#underWay.administer < administration
    if (work.lane === 'ask') return this.#underWay.ask < asks && this.#countOf(work) < asksOfOne
    return this.#underWay.bulk < (this.#isAnotherAbout(work.caller) ? bulkBeside : bulk)
  }

  #countOf = (work: Workload): number => this.#ofOne.get(keyOf(work)) ?? 0

  #see(caller: string): void {
    const others = this.#about.filter((seen) => seen.caller !== caller)
    this.#about = [{ caller, at: this.#options.now() }, ...others].slice(0, 2)
  }

  #isAnotherAbout(caller: string): boolean {
    const since = this.#options.now() - this.#options.aboutMs
    return this.#about.some((seen) => seen.caller !== caller && seen.at >= since)
  }
}

const keyOf = ({ lane, caller }: Workload): string => `${lane} ${caller}`

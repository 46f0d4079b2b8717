/**
 * A fair semaphore for requests to OpenFGA: a fixed number of slots per lane, and waiting callers take turns. Administration has slots of its own;
 * batches and searches get few while another caller is active, so that one caller's flood delays the others by one question at most.
 *
 * @module
 */
import type { Lane, Workload } from '../ports/workload.ts'

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
  /** Waiting callers by lane, the next one first. */
  readonly #waiting: Record<Lane, Map<string, Set<Waiting>>> = {
    ask: new Map(),
    bulk: new Map(),
    administer: new Map(),
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
        this.#leave(work, waiting)
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
      const queue = queues.get(work.caller) ?? new Set()
      queues.set(work.caller, queue.add(waiting))
      this.#serve()
    })
  }

  #leave({ lane, caller }: Workload, waiting: Waiting): void {
    const queue = this.#waiting[lane].get(caller)
    queue?.delete(waiting)
    if (queue?.size === 0) this.#waiting[lane].delete(caller)
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

  /** Starts every waiting request that a slot is free for, the caller that was served longest ago first. */
  #serve(): void {
    for (const lane of ['administer', 'ask', 'bulk'] as const) {
      const queues = this.#waiting[lane]
      for (let next = this.#next(lane); next; next = this.#next(lane)) {
        const [waiting] = next.queue
        if (!waiting) break
        this.#leave({ lane, caller: next.caller }, waiting)
        // Moves the caller to the end of the queue.
        if (queues.delete(next.caller)) queues.set(next.caller, next.queue)
        waiting.start()
      }
    }
  }

  #next(lane: Lane): { readonly caller: string; readonly queue: Set<Waiting> } | undefined {
    for (const [caller, queue] of this.#waiting[lane]) if (this.#isFree({ lane, caller })) return { caller, queue }
    return undefined
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

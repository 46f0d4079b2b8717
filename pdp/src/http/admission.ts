/**
 * Fair admission of AuthZEN requests: so many are decided at once, of all callers and of one; the others wait in queues by caller that are served in turn. A
 * request that could not be decided before its deadline is refused when it arrives, so that nothing waits in vain and no queue grows.
 *
 * @module
 */
import { tooManyRequests } from '@mandate/service'
import type { Awaitable } from '../ports/awaitable.ts'
import { CallerQueues } from '../runtime/caller-queues.ts'

export interface AdmissionOptions {
  /** Requests that are decided at once, of all callers. */
  readonly width: number
  /** The same, of one caller. */
  readonly widthOfOne: number
  /** Requests that wait, of all callers. */
  readonly mostWaiting: number
  /** Longest wait of a request without a deadline of its own, in milliseconds. */
  readonly mostWaitMs: number
  /** Requests that a caller gets in one turn. @default 1 */
  readonly weightOf?: (caller: string) => number
  /** Monotonic clock, in milliseconds. @default performance.now */
  readonly now?: () => number
}

/** A request that asks to be let in. */
export interface Arriving {
  readonly caller: string
  /** When its caller stops waiting, as an instant of the monotonic clock; `undefined`: not said. */
  readonly deadline: number | undefined
  /** Whether its caller has disconnected. */
  readonly isGone: () => boolean
}

/** Ends the request's turn. Later calls do nothing. */
export type Leave = () => void

interface Waiting {
  readonly until: number
  readonly isGone: () => boolean
  readonly start: () => void
  readonly refuse: (error: Error) => void
}

/** How long a caller's requests have taken to get in, one after another. Kept while it has any. */
interface Pace {
  inProgress: number
  /** When the last one was let in from the queue. */
  at: number
  /** Moving average of the time between two, in milliseconds; 0 before the second. */
  everyMs: number
}

/** Weight of the newest interval in the moving average. */
const WEIGHT = 0.1
/** Requests that wait are looked at so often, in milliseconds: their callers may have gone, or their deadlines be over. */
const SWEEP_MS = 50

export class Admission {
  readonly #options: Required<AdmissionOptions>
  readonly #waiting: CallerQueues<Waiting>
  readonly #paces = new Map<string, Pace>()
  #inProgress = 0
  #sweep: NodeJS.Timeout | undefined

  constructor(options: AdmissionOptions) {
    this.#options = { weightOf: () => 1, now: () => performance.now(), ...options }
    this.#waiting = new CallerQueues(this.#options.weightOf)
  }

  /** Requests that wait now. */
  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Lets a request in, at once or in its turn.
   *
   * @returns what to call once it has been decided.
   * @throws Fault `too_many_requests` when it cannot be decided before its deadline, or has to make place for other callers.
   */
  enter(arriving: Arriving): Awaitable<Leave> {
    const { caller } = arriving
    if (this.#waiting.sizeOf(caller) === 0 && this.#isFree(caller)) return this.#begin(caller)
    return this.#wait(arriving)
  }

  #begin(caller: string): Leave {
    const pace = this.#paces.get(caller)
    if (pace) pace.inProgress += 1
    else this.#paces.set(caller, { inProgress: 1, at: 0, everyMs: 0 })
    this.#inProgress += 1
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      this.#end(caller)
    }
  }

  #end(caller: string): void {
    this.#inProgress -= 1
    const pace = this.#paces.get(caller)
    if (pace) pace.inProgress -= 1
    this.#serve()
    if (pace?.inProgress === 0 && this.#waiting.sizeOf(caller) === 0) this.#paces.delete(caller)
  }

  #isFree = (caller: string): boolean => {
    const { width, widthOfOne } = this.#options
    return this.#inProgress < width && (this.#paces.get(caller)?.inProgress ?? 0) < widthOfOne
  }

  #wait({ caller, deadline, isGone }: Arriving): Promise<Leave> {
    const { now, mostWaitMs, mostWaiting } = this.#options
    const until = deadline ?? now() + mostWaitMs
    const expectedMs = (this.#waiting.sizeOf(caller) + 1) * (this.#paces.get(caller)?.everyMs ?? 0)
    if (now() + expectedMs > until) throw tooManyRequests('no place before its deadline', expectedMs)
    return new Promise<Leave>((resolve, reject) => {
      const waiting = { until, isGone, start: () => resolve(this.#begin(caller)), refuse: reject }
      this.#waiting.push(caller, waiting)
      if (this.#waiting.size > mostWaiting)
        // The newest: those before it have waited, and will be decided in time.
        this.#waiting.dropFromLongest()?.item.refuse(tooManyRequests('too many requests of one caller wait'))
      this.#sweep ??= setInterval(() => this.#dropUseless(), SWEEP_MS).unref()
    })
  }

  /** Lets in whom there is place for, in turn. */
  #serve(): void {
    for (let next = this.#waiting.take(this.#isFree); next; next = this.#waiting.take(this.#isFree)) {
      const { caller, item } = next
      if (item.isGone() || this.#options.now() >= item.until) {
        item.refuse(tooManyRequests('its deadline passed while it waited'))
        continue
      }
      item.start()
      this.#measure(caller)
    }
    if (this.#waiting.size === 0) this.#stopSweep()
  }

  #measure(caller: string): void {
    const pace = this.#paces.get(caller)
    if (!pace) return
    const at = this.#options.now()
    if (pace.at > 0) {
      const tookMs = at - pace.at
      pace.everyMs = pace.everyMs === 0 ? tookMs : pace.everyMs + (tookMs - pace.everyMs) * WEIGHT
    }
    // After a time in which nothing waited an interval would say nothing.
    pace.at = this.#waiting.sizeOf(caller) === 0 ? 0 : at
  }

  #dropUseless(): void {
    const now = this.#options.now()
    for (const { caller, item } of [...this.#waiting]) {
      if (!item.isGone() && now < item.until) continue
      this.#waiting.delete(caller, item)
      item.refuse(tooManyRequests('its deadline passed while it waited'))
    }
    if (this.#waiting.size === 0) this.#stopSweep()
  }

  #stopSweep(): void {
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }
}

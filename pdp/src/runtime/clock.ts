/**
 * A clock that never runs backwards, not even across a restart, and that refuses to tell the time after a jump (ADR 0082): an entry recorded with a
 * wrong time cannot be corrected, and a time in the future would deny every request until then.
 *
 * @module
 */
import { uptime } from 'node:os'
import { type EpochMillis, Fault } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'

const SECOND_MS = 1_000
const DAY_MS = 86_400_000
/** Largest accepted jump in milliseconds: between two readings, against a monotonic clock, or at start, before the newest entry. */
export const JUMP_MS = 60 * SECOND_MS
/** How much later than the newest entry a start may be, in milliseconds. */
export const ABSENCE_MS = 180 * DAY_MS

/** The clocks of the machine. */
export interface Machine {
  readonly now: () => EpochMillis
  /** Monotonic clock: milliseconds since an arbitrary start. */
  readonly elapsed: () => number
  /** Milliseconds that the machine was suspended, since an arbitrary start; {@link elapsed} does not count them. */
  readonly asleep: () => number
}

export const MACHINE: Machine = {
  now: Date.now,
  elapsed: () => performance.now(),
  asleep: () => uptime() * SECOND_MS - performance.now(),
}

export interface ClockOptions {
  /** The newest recorded instant, a lower bound of this clock. `undefined` for an empty log. */
  readonly floor: EpochMillis | undefined
  /** Called once per small backward jump, with the difference in milliseconds; the clock then stands still until it has passed. */
  readonly onBehind: (behindMs: number) => void
  /** Called once per refused jump, with the difference in milliseconds; negative: backwards. */
  readonly onJump: (byMs: number) => void
  readonly machine?: Machine
}

export interface TrustedClock {
  /** @throws Fault `clock_unavailable` while the machine's clock disagrees with the monotonic clock; works again once the machine's clock is corrected. */
  readonly clock: Clock
  readonly isTrusted: () => boolean
}

/** Advice for an operator whose start was refused. */
const CURE = 'Set the clock right; if it is right, accept it: npm run log -- accept-clock'

/** @throws Fault `clock_unavailable` when the machine's clock contradicts the newest entry. */
export function createClock(options: ClockOptions): TrustedClock {
  const { floor, machine = MACHINE } = options
  const now = machine.now()
  if (floor !== undefined) {
    const objection = clockObjection(floor, now)
    if (objection) throw new Fault('clock_unavailable', `${objection}. ${CURE}`)
  }
  const watched = new WatchedClock(options, machine, Math.max(floor ?? now, now), now)
  return { clock: () => watched.read(), isTrusted: () => watched.isTrusted() }
}

/** The reason why the machine's clock contradicts the newest recorded instant; `undefined` when it does not. */
export function clockObjection(floor: EpochMillis, now: EpochMillis): string | undefined {
  const at = (instant: EpochMillis): string => new Date(instant).toISOString()
  if (floor - now > JUMP_MS)
    return `the machine's clock says ${at(now)}, and the newest entry of the log is of ${at(floor)}`
  if (now - floor > ABSENCE_MS)
    return `the machine's clock says ${at(now)}, and the newest entry of the log is of ${at(floor)}, over ${ABSENCE_MS / DAY_MS} days earlier`
  return undefined
}

class WatchedClock {
  readonly #options: ClockOptions
  readonly #machine: Machine
  #latest: EpochMillis
  /** The last accepted reading. */
  #wall: EpochMillis
  #elapsed: number
  #asleep: number
  #isBehind = false
  #hasJumped = false

  constructor(options: ClockOptions, machine: Machine, latest: EpochMillis, now: EpochMillis) {
    this.#options = options
    this.#machine = machine
    this.#latest = latest
    this.#wall = now
    this.#elapsed = machine.elapsed()
    this.#asleep = machine.asleep()
  }

  read(): EpochMillis {
    const now = this.#machine.now()
    const elapsed = this.#machine.elapsed()
    const jumpMs = this.#jump(now, elapsed)
    if (jumpMs !== 0) {
      if (!this.#hasJumped) this.#options.onJump(jumpMs)
      this.#hasJumped = true
      throw new Fault('clock_unavailable', `the machine's clock jumped by ${Math.round(jumpMs / SECOND_MS)} s`)
    }
    this.#hasJumped = false
    this.#wall = now
    this.#elapsed = elapsed
    if (now >= this.#latest) {
      this.#latest = now
      this.#isBehind = false
      return now
    }
    if (!this.#isBehind) this.#options.onBehind(this.#latest - now)
    this.#isBehind = true
    return this.#latest
  }

  isTrusted(): boolean {
    return this.#jump(this.#machine.now(), this.#machine.elapsed()) === 0
  }

  /** Difference between the machine's clock and the time that passed, in milliseconds; 0 when it is small. Time suspended counts as passed. */
  #jump(now: EpochMillis, elapsed: number): number {
    const differsMs = now - this.#wall - (elapsed - this.#elapsed)
    if (Math.abs(differsMs) <= JUMP_MS) return 0
    const asleep = this.#machine.asleep()
    const unexplainedMs = differsMs - Math.max(0, asleep - this.#asleep)
    if (Math.abs(unexplainedMs) > JUMP_MS) return unexplainedMs
    this.#asleep = asleep
    return 0
  }
}

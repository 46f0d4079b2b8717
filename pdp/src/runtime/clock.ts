/**
 * A clock that never runs backwards, not even across a restart, and that is not believed when it jumps (ADR 0082): what would be recorded at a wrong
 * instant could not be taken back, and everybody would be denied until that instant came.
 *
 * @module
 */
import { uptime } from 'node:os'
import { type EpochMillis, Fault } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'

const SECOND_MS = 1_000
const DAY_MS = 86_400_000
/** By how much the machine's clock may differ from what passed since it was last read, or stand before the newest entry at start. */
export const JUMP_MS = 60 * SECOND_MS
/** How much later than the newest entry a start may be. */
export const ABSENCE_MS = 180 * DAY_MS

/** What a clock is made of. */
export interface Machine {
  readonly now: () => EpochMillis
  /** Milliseconds by a clock that nobody can set, from any beginning. */
  readonly elapsed: () => number
  /** Milliseconds, from any beginning, that the machine has slept: {@link elapsed} does not count them. */
  readonly asleep: () => number
}

export const MACHINE: Machine = {
  now: Date.now,
  elapsed: () => performance.now(),
  asleep: () => uptime() * SECOND_MS - performance.now(),
}

export interface ClockOptions {
  /** The newest instant that was ever recorded: nothing is decided before it. `undefined`: nothing was. */
  readonly floor: EpochMillis | undefined
  /** Told, once a jump that is small enough to wait for, by how many milliseconds the machine's clock is behind. */
  readonly onBehind: (behindMs: number) => void
  /** Told, once a jump, by how many milliseconds the machine's clock is ahead; negative: behind. */
  readonly onJump: (byMs: number) => void
  readonly machine?: Machine
}

export interface TrustedClock {
  /** @throws Fault `clock_unavailable` while the machine's clock differs from what passed. It heals when the machine's clock is right again. */
  readonly clock: Clock
  readonly isTrusted: () => boolean
}

/** Says what to do where a start is refused. */
const CURE = 'Set the clock right; if it is right, accept it: npm run log -- accept-clock'

/** @throws Fault `clock_unavailable` when the machine's clock cannot be right, going by the newest entry. */
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

/** Why the machine's clock cannot be believed at start, going by the newest instant that was recorded. */
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
  /** The last reading that was believed. */
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

  /** By how much the clock differs from what passed; 0 when that is little. A machine that slept has not jumped. */
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

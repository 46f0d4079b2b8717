/**
 * How a process's wall clock differs from the right one, as a file that `skewed-clock.ts` reads.
 *
 * @module
 */
import { renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

export interface Skew {
  /** Difference at `since`, in milliseconds; positive: the clock is ahead. */
  readonly byMs: number
  /** How fast the clock runs from `since` on: 1 is right, 0.5 half as fast. */
  readonly rate: number
  /** Instant of the right clock, in milliseconds since 1970. */
  readonly since: number
}

export const RIGHT_CLOCK: Skew = { byMs: 0, rate: 1, since: 0 }

export const skewedTime = (right: number, { byMs, rate, since }: Skew): number =>
  Math.round(right + byMs + (right - since) * (rate - 1))

/** A process's clock, set from outside. */
export interface ChaosClock {
  /** Environment of the process that has this clock. */
  readonly env: Readonly<Record<string, string>>
  set(skew: Pick<Skew, 'byMs' | 'rate'>): void
  reset(): void
}

const PRELOAD = fileURLToPath(new URL('skewed-clock.ts', import.meta.url))

/** @param file - Path of a file of this clock's own, in an existing folder. */
export function createClock(file: string): ChaosClock {
  const write = (skew: Skew): void => {
    writeFileSync(`${file}.new`, JSON.stringify(skew))
    renameSync(`${file}.new`, file)
  }
  write(RIGHT_CLOCK)
  return {
    env: { CHAOS_CLOCK: file, NODE_OPTIONS: `--import=${pathToFileURL(PRELOAD)}` },
    set: (skew) => write({ ...skew, since: Date.now() }),
    reset: () => write(RIGHT_CLOCK),
  }
}

/**
 * The clock that the PDP decides by, and whether it can be believed: against this machine's monotonic clock, and against the database's.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { Logger } from 'pino'
import { createClock, type Machine, type TrustedClock } from './clock.ts'
import { ClockComparison } from './clock-comparison.ts'

export interface Clocks extends TrustedClock {
  readonly comparison: ClockComparison
}

/**
 * @param floor - The newest recorded instant. `undefined` for an empty log.
 * @throws Fault `clock_unavailable` when the machine's clock contradicts the newest entry.
 */
export function createClocks(floor: EpochMillis | undefined, machine: Machine, logger: Logger): Clocks {
  const { clock, isTrusted } = createClock({
    floor,
    machine,
    onBehind: (behindMs) => logger.warn({ behindMs }, 'the clock stepped back'),
    onJump: (byMs) => logger.fatal({ byMs }, 'the clock jumped: nothing is decided until it is right'),
  })
  const comparison = new ClockComparison({
    onApart: (byMs) =>
      logger.error({ byMs }, 'the clocks of this machine and of PostgreSQL differ by more than a second: not ready'),
    onAgreed: () => logger.info('the clocks of this machine and of PostgreSQL agree again'),
  })
  return { clock, isTrusted: () => isTrusted() && !comparison.isApart, comparison }
}

/**
 * A clock that never runs backwards, not even across a restart.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { Clock } from './ports.ts'

/**
 * @param floor - The newest instant that was ever recorded: nothing is decided before it.
 * @param onJump - Told, once a jump, by how many milliseconds the machine's clock is behind.
 */
export function createClock(
  floor: EpochMillis,
  onJump: (behindMs: number) => void,
  now: () => EpochMillis = Date.now,
): Clock {
  let latest = floor
  let behind = false
  return () => {
    const current = now()
    if (current >= latest) {
      latest = current
      behind = false
      return latest
    }
    if (!behind) onJump(latest - current)
    behind = true
    return latest
  }
}

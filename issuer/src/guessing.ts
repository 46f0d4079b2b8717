/**
 * Limits against guessing, as Keycloak's brute-force detection has them. Pure.
 *
 * @module
 */
import { CODE_GUESSING, GUESSING } from './realm.ts'

/** Failed attempts of one login: times in milliseconds since 1970, 0 for never. */
export interface Attempts {
  readonly failures: number
  readonly failedAt: number
  readonly lockedUntil: number
}

export const NO_ATTEMPTS: Attempts = { failures: 0, failedAt: 0, lockedUntil: 0 }

/** Counts a failure. Two within a second lock at once; so does every fifth, for longer each time. */
export function afterFailure({ failures, failedAt, lockedUntil }: Attempts, now: number): Attempts {
  const count = now - failedAt > GUESSING.forgetMs ? 1 : failures + 1
  const isQuick = failedAt > 0 && now - failedAt < GUESSING.quickMs
  const rounds = Math.floor(count / GUESSING.failures)
  const byCount = Math.min(rounds * GUESSING.lockMs, GUESSING.maxLockMs)
  const lockMs = Math.max(byCount, isQuick ? GUESSING.lockMs : 0)
  return { failures: count, failedAt: now, lockedUntil: Math.max(lockedUntil, lockMs === 0 ? 0 : now + lockMs) }
}

/** Whether the login is locked: nothing is accepted then, not even the right password. */
export function isLocked({ lockedUntil }: Attempts, now: number): boolean {
  return now < lockedUntil
}

/** Adds a wrong user code of the device authorization grant to the times of the earlier ones, in milliseconds since 1970. */
export function withWrongCode(times: readonly number[], now: number): readonly number[] {
  return [...times.filter((time) => now - time < CODE_GUESSING.withinMs), now]
}

/** Whether no user code is accepted for now. */
export function areTooManyWrongCodes(times: readonly number[], now: number): boolean {
  return times.filter((time) => now - time < CODE_GUESSING.withinMs).length >= CODE_GUESSING.failures
}

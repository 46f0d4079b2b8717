/**
 * Durations and instants as people type them: `8d`, `30 minutes`, `2026-12-24T12:00:00Z`. Pure.
 *
 * @module
 */
import { usageError } from './exit.ts'

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }
const DURATION = /^(?<count>\d{1,9}) ?(?<unit>s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?)$/u

/** Seconds in a duration; `undefined` for another text. */
export function secondsOf(text: string): number | undefined {
  const { count, unit = '' } = DURATION.exec(text.trim())?.groups ?? {}
  const seconds = SECONDS[unit.charAt(0)]
  return count === undefined || seconds === undefined ? undefined : Number(count) * seconds
}

/** An instant: a duration from now, a day (its beginning, UTC), or RFC 3339. @throws CommandError naming the option. */
export function instantOf(text: string, option: string, now: number): string {
  const ahead = secondsOf(text)
  if (ahead !== undefined) return new Date(now + ahead * 1_000).toISOString()
  const at = /^\d{4}-\d{2}-\d{2}(?:T.*(?:Z|[+-]\d{2}:\d{2}))?$/u.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) throw usageError(`${option} must be like 8d, 2026-12-24 or 2026-12-24T12:00:00Z.`)
  return new Date(at).toISOString()
}

const UNITS = [
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** `7 days`, `1 hour`, `90 seconds`: in the largest unit without a remainder, except weeks, of which at least two. */
export function durationText(seconds: number): string {
  const [name, size] = UNITS.find(([unit, of]) => seconds >= (unit === 'week' ? 2 : 1) * of && seconds % of === 0) ?? [
    'second',
    1,
  ]
  const count = seconds / size
  return `${count} ${name}${count === 1 ? '' : 's'}`
}

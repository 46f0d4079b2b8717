/**
 * The time axis of the activity chart: its range and the labels of its ticks. Pure, but for the reader's time zone.
 *
 * @module
 */

/** Fewest buckets that the axis has room for, so that bars do not become too wide. */
const MIN_BUCKETS = 16

const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const SECOND = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/**
 * Range of the axis, in epoch seconds, around the buckets. Not from the range that uPlot proposes: for one bucket that is a whole day.
 *
 * @param starts - Starts of the buckets, oldest first, in epoch milliseconds; at least one.
 * @param step - Width of a bucket, in milliseconds.
 */
export function timeRange(starts: readonly number[], step: number): [number, number] {
  const first = starts[0] ?? 0
  const last = starts.at(-1) ?? first
  const missing = Math.max(0, MIN_BUCKETS - (last - first) / step)
  const margin = ((missing + 1) * step) / 2
  return [(first - margin) / 1_000, (last + margin) / 1_000]
}

/** Label of a tick at `at` (epoch seconds), as precise as the bucket width (milliseconds); empty between buckets. */
export function tickLabel(at: number, step: number): string {
  const time = new Date(at * 1_000)
  if (step >= 86_400_000) return DAY.format(time)
  if (step >= 3_600_000) return time.getHours() === 0 ? DAY.format(time) : TIME.format(time)
  if (step >= 60_000) return TIME.format(time)
  return Number.isInteger(at) ? SECOND.format(time) : ''
}

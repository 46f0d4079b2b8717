import { expect, test } from 'vitest'
import { tickLabel, timeRange } from '../../auditor/page/src/time-axis.ts'

const AT = Date.parse('2026-11-28T08:39:06Z')
const HOUR = 3_600_000

test.for([
  ['one bucket', [AT], 1_000, 17],
  ['two', [AT, AT + 1_000], 1_000, 17],
  ['as many as the axis has room for', Array.from({ length: 17 }, (_, at) => AT + at * HOUR), HOUR, 17 * 3_600],
  ['more', Array.from({ length: 101 }, (_, at) => AT + at * HOUR), HOUR, 101 * 3_600],
] as const)('the axis is as wide as its buckets, and not narrower than 17 of them: %s', ([, starts, step, seconds]) => {
  const [from, to] = timeRange(starts, step)
  expect(to - from).toBe(seconds)
  expect((from + to) / 2).toBe(((starts[0] ?? 0) + (starts.at(-1) ?? 0)) / 2_000)
})

test('ticks of one bucket have different labels', () => {
  const [from, to] = timeRange([AT], 1_000)
  const labels = Array.from({ length: 4 }, (_, at) => tickLabel(Math.ceil(from) + at * 5, 1_000))
  expect(new Set(labels).size).toBe(4)
  expect(Math.ceil(from) + 15).toBeLessThan(to)
})

test('a tick between whole seconds has no label', () => {
  expect(tickLabel(AT / 1_000 + 0.5, 1_000)).toBe('')
})

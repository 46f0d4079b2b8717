import { expect, test } from 'vitest'
import { ClockComparison } from './clock-comparison.ts'

function compared() {
  const seen: string[] = []
  const comparison = new ClockComparison({
    onApart: (byMs) => seen.push(`apart by ${byMs}`),
    onAgreed: () => seen.push('agreed'),
  })
  return { comparison, seen }
}

test.for([
  ['a second is accepted', 11_000, 10_000, 10_000, false],
  ['a millisecond more is not', 11_001, 10_000, 10_000, true],
  ['nor is a database that is behind', 8_999, 10_000, 10_000, true],
  ['a slow answer that explains the difference proves nothing', 12_000, 10_000, 11_500, false],
  ['a slow answer that does not explain it does', 12_600, 10_000, 11_500, true],
] as const)('%s', ([, database, before, after, isApart]) => {
  const { comparison } = compared()
  comparison.observe(database, { before, after })
  expect(comparison.isApart).toBe(isApart)
})

test('tells once that the clocks differ, and once that they agree', () => {
  const { comparison, seen } = compared()
  for (const database of [15_000, 16_000, 10_000, 10_001])
    comparison.observe(database, { before: 10_000, after: 10_000 })
  expect(seen).toEqual(['apart by 5000', 'agreed'])
  expect(comparison.offsetMs).toBe(1)
})

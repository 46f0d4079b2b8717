import { expect, test } from 'vitest'
import { type Attempts, afterFailure, areTooManyWrongCodes, isLocked, NO_ATTEMPTS, withWrongCode } from './guessing.ts'

const NOW = 1_800_000_000_000

function failing(times: readonly number[]): Attempts {
  let attempts = NO_ATTEMPTS
  for (const at of times) attempts = afterFailure(attempts, at)
  return attempts
}

test.for([
  ['one failure locks nothing', [0], 0, false],
  ['two within a second lock', [0, 999], 999, true],
  ['for a minute', [0, 999], 60_998, true],
  ['and no longer', [0, 999], 60_999, false],
  ['two a second apart do not', [0, 1_000], 1_000, false],
  ['the fifth locks', [0, 2_000, 4_000, 6_000, 8_000], 67_999, true],
  ['the fourth does not', [0, 2_000, 4_000, 6_000], 6_000, false],
  ['failures are forgotten after half a day', [0, 2_000, 4_000, 6_000, 43_206_001], 43_206_001, false],
] as const)('%s', ([, times, at, locked]) => {
  expect(isLocked(failing(times.map((time) => NOW + time)), NOW + at)).toBe(locked)
})

test('the tenth failure locks for two minutes, and no lock is longer than a quarter of an hour', () => {
  const slowly = (count: number) => failing(Array.from({ length: count }, (_, index) => NOW + index * 2_000))
  const lockOf = ({ lockedUntil, failedAt }: Attempts) => lockedUntil - failedAt
  expect(lockOf(slowly(10))).toBe(120_000)
  expect(lockOf(slowly(200))).toBe(900_000)
})

test('ten wrong user codes within a minute are too many, of all browsers together', () => {
  let times: readonly number[] = []
  for (let code = 0; code < 9; code++) times = withWrongCode(times, 1_000 * code)
  expect(areTooManyWrongCodes(times, 9_000)).toBe(false)
  times = withWrongCode(times, 9_000)
  expect(areTooManyWrongCodes(times, 59_999)).toBe(true)
  expect(areTooManyWrongCodes(times, 60_000)).toBe(false)
})

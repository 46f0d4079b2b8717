import { expect, test } from 'vitest'
import { addTallies, EMPTY_TALLY, readReport, summary } from '../support/tally.ts'

const reportOf = (tests: readonly (readonly [name: string, state: string, note?: string])[], broken: string[] = []) =>
  JSON.stringify({ tests: tests.map(([name, state, note]) => ({ name, state, note })), broken })

test.for([
  [
    'passed and failed tests are counted by their own status',
    reportOf([
      ['x', 'passed'],
      ['y', 'failed'],
    ]),
    false,
    '1 passed, 1 failed',
  ],
  [
    'tests that were skipped, or never came to their turn, are counted',
    reportOf([
      ['x', 'skipped'],
      ['y', 'pending'],
    ]),
    true,
    '0 passed, 0 failed, 2 skipped',
  ],
  ['a file that could not be loaded is a failure', reportOf([], ['a.test.ts']), false, '0 passed, 1 failed'],
  [
    'a set-up that failed is a failure, though every test passed',
    reportOf([['x', 'passed']]),
    false,
    '1 passed, 1 failed',
  ],
  ['no report after a bad exit is a failure', undefined, false, '0 passed, 1 failed'],
  ['no report after a good exit means no tests', undefined, true, '0 passed, 0 failed'],
] as const)('%s', ([, text, ok, line]) => {
  expect(summary(readReport('unit', text, ok))).toBe(line)
})

test('tallies add up', () => {
  const one = readReport(
    'unit',
    reportOf([
      ['x', 'passed'],
      ['y', 'skipped'],
    ]),
    true,
  )
  expect(summary(addTallies(addTallies(EMPTY_TALLY, one), one))).toBe('2 passed, 0 failed, 2 skipped')
})

test('a skipped test says why', () => {
  const { skipped } = readReport('unit', reportOf([['x', 'skipped', 'there is no Docker engine']]), true)
  expect(skipped).toEqual(['unit: x (there is no Docker engine)'])
})

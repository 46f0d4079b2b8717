import { expect, test } from 'vitest'
import { addTallies, EMPTY_TALLY, readReport, summary } from '../support/tally.ts'

const reportOf = (status: string, ...tests: readonly (readonly [string, string])[]): string =>
  JSON.stringify({
    testResults: [
      { name: 'a.test.ts', status, assertionResults: tests.map(([fullName, state]) => ({ fullName, status: state })) },
    ],
  })

test.for([
  [
    'passed and failed tests are counted by their own status',
    reportOf('failed', ['x', 'passed'], ['y', 'failed']),
    false,
    '1 passed, 1 failed',
  ],
  [
    'skipped and todo tests are named',
    reportOf('passed', ['x', 'skipped'], ['y', 'todo']),
    true,
    '0 passed, 0 failed, 2 skipped',
  ],
  ['a file that could not be loaded is a failure', reportOf('failed'), false, '0 passed, 1 failed'],
  [
    'a set-up that failed is a failure, though every test passed',
    reportOf('passed', ['x', 'passed']),
    false,
    '1 passed, 1 failed',
  ],
  ['no report after a bad exit is a failure', undefined, false, '0 passed, 1 failed'],
  ['no report after a good exit means no tests', undefined, true, '0 passed, 0 failed'],
] as const)('%s', ([, text, ok, line]) => {
  expect(summary(readReport('unit', text, ok))).toBe(line)
})

test('tallies add up', () => {
  const one = readReport('unit', reportOf('passed', ['x', 'passed'], ['y', 'skipped']), true)
  expect(summary(addTallies(addTallies(EMPTY_TALLY, one), one))).toBe('2 passed, 0 failed, 2 skipped')
})

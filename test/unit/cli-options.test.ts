import { expect, test } from 'vitest'
import { isUsageError, readOptions } from '../support/cli-options.ts'

const DEFAULTS = { rounds: 5, quick: false, case: '' }

test('numbers, flags and texts are read, and defaults stay where nothing is given', () => {
  expect(readOptions(['--rounds', '2.5', '--quick', '--case', 'chain of 3'], DEFAULTS)).toEqual({
    rounds: 2.5,
    quick: true,
    case: 'chain of 3',
  })
  expect(readOptions([], DEFAULTS)).toEqual(DEFAULTS)
})

test.each([
  [['--round', '2']],
  [['--rounds', '0']],
  [['--rounds', 'many']],
  [['--rounds']],
  [['--quick=yes']],
  [['3']],
  [['--minutes', '1']],
])('%j is a usage error: nothing is measured by mistake', (args) => {
  let thrown: unknown
  try {
    readOptions(args, DEFAULTS)
  } catch (error) {
    thrown = error
  }
  expect(isUsageError(thrown)).toBe(true)
})

test('any other error is none', () => {
  expect(isUsageError(new TypeError('x is not a function'))).toBe(false)
})

import { expect, test } from 'vitest'
import { OptionError, parseOptions } from './parse-options.ts'

const OPTIONS = {
  dir: { type: 'string' },
  port: { type: 'string', short: 'p' },
  key: { type: 'string', multiple: true },
  engine: { type: 'string', choices: ['embedded', 'openfga'] },
  json: { type: 'boolean' },
} as const

const problemOf = (args: readonly string[], positionals?: 'allowed'): string => {
  try {
    parseOptions(args, OPTIONS, positionals)
    return ''
  } catch (error) {
    if (error instanceof OptionError) return error.message
    throw error
  }
}

test.for([
  [['--dir', 'a', '--port', '1'], ''],
  [['--dir', 'a', '--dir', 'b'], '--dir may be given once'],
  [['--dir=a', '--dir', 'a'], '--dir may be given once'],
  [['-p', '1', '--port', '2'], '--port may be given once'],
  [['--key', 'a', '--key', 'b', '--json', '--json'], ''],
  [['--dir', 'a', '--', '--dir', 'b'], ''],
] as const)('an option with a value is given once: %j', ([args, problem]) => {
  expect(problemOf(args, 'allowed')).toBe(problem)
})

test.for([
  [['--dri', 'a'], "Unknown option '--dri'. Did you mean --dir?"],
  [['--unrelated'], "Unknown option '--unrelated'"],
  [['--engine', 'embeded'], '--engine: embeded is not one of embedded, openfga. Did you mean embedded?'],
  [['--engine', 'memory'], '--engine: memory is not one of embedded, openfga'],
  [['--engine', ''], '--engine: an empty text is not one of embedded, openfga'],
  [['--engine', 'openfga'], ''],
] as const)('a name that does not exist is named on one line, with the nearest one: %j', ([args, problem]) => {
  expect(problemOf(args)).toBe(problem)
})

test('arguments besides options are refused unless they are allowed', () => {
  expect(problemOf(['more'])).toContain("Unexpected argument 'more'")
  expect(parseOptions(['more', '--json'], OPTIONS, 'allowed')).toMatchObject({
    positionals: ['more'],
    values: { json: true },
  })
})

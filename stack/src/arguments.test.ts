import { expect, test } from 'vitest'
import { parseCommand } from './arguments.ts'

test.for([
  [[], { kind: 'start', servers: false, once: false, fresh: false, pdps: 1 }],
  [['--once', '--fresh'], { kind: 'start', servers: false, once: true, fresh: true, pdps: 1 }],
  [['--pdps', '3', '--once'], { kind: 'start', servers: false, once: true, fresh: false, pdps: 3 }],
  [['--servers'], { kind: 'start', servers: true, once: false, fresh: false, pdps: 1 }],
  [['--fresh', '--help'], { kind: 'help' }],
] as const)('%j', ([args, command]) => {
  expect(parseCommand(args)).toEqual(command)
})

test.for([['--twice'], ['once'], ['--once=yes']])('%s is a mistake, and named', ([argument = '']) => {
  expect(parseCommand([argument])).toMatchObject({ kind: 'usage', problem: expect.stringMatching(/twice|once/) })
})

test.for(['0', '6', '1.5', 'two', ''])('--pdps %j is refused, with what it may be', (value) => {
  expect(parseCommand(['--pdps', value])).toEqual({
    kind: 'usage',
    problem: `--pdps: must be a number from 1 to 5, and is ${value}`,
  })
})

test('TLS that believes every certificate is refused', () => {
  const problem = expect.stringContaining('NODE_TLS_REJECT_UNAUTHORIZED: must not be 0')
  expect(parseCommand([], { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual({ kind: 'usage', problem })
})

test('an option given twice is refused: the first value would be dropped silently', () => {
  expect(parseCommand(['--pdps', '3', '--pdps', '2'])).toEqual({ kind: 'usage', problem: '--pdps may be given once' })
})

test('two servers on one port are refused before anything starts, both by name', () => {
  expect(parseCommand([], { MANDATE_PDP_PORT: '8444', MANDATE_TRIPS_PORT: '08444' })).toEqual({
    kind: 'usage',
    problem: 'MANDATE_PDP_PORT and MANDATE_TRIPS_PORT are the same port, 8444',
  })
  expect(parseCommand([], { MANDATE_PDP_PORT: '', MANDATE_TRIPS_PORT: '' })).toMatchObject({ kind: 'start' })
})

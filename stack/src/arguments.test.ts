import { expect, test } from 'vitest'
import { parseCommand } from './arguments.ts'

test.for([
  [[], { kind: 'start', once: false, fresh: false }],
  [['--once', '--fresh'], { kind: 'start', once: true, fresh: true }],
  [['--fresh', '--help'], { kind: 'help' }],
] as const)('%j', ([args, command]) => {
  expect(parseCommand(args)).toEqual(command)
})

test.for([['--twice'], ['once'], ['--once=yes']])('%s is a mistake, and named', ([argument = '']) => {
  expect(parseCommand([argument])).toMatchObject({ kind: 'usage', problem: expect.stringMatching(/twice|once/) })
})

test('TLS that believes every certificate is refused', () => {
  const problem = expect.stringContaining('NODE_TLS_REJECT_UNAUTHORIZED: must not be 0')
  expect(parseCommand([], { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual({ kind: 'usage', problem })
})

import { parseArgs } from 'node:util'
import { expect, test } from 'vitest'
import { repeatedOption } from './repeated-option.ts'

const OPTIONS = {
  dir: { type: 'string' },
  port: { type: 'string', short: 'p' },
  key: { type: 'string', multiple: true },
  json: { type: 'boolean' },
} as const

test.for([
  [['--dir', 'a', '--port', '1'], undefined],
  [['--dir', 'a', '--dir', 'b'], 'dir'],
  [['--dir=a', '--dir', 'a'], 'dir'],
  [['-p', '1', '--port', '2'], 'port'],
  [['--key', 'a', '--key', 'b', '--json', '--json'], undefined],
  [['--dir', 'a', '--', '--dir', 'b'], undefined],
] as const)('%j: %s', ([args, repeated]) => {
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, tokens: true })
  expect(repeatedOption(tokens, OPTIONS)).toBe(repeated)
})

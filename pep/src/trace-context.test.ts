import { expect, test } from 'vitest'
import { readTraceContext } from './trace-context.ts'

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const stateOf = (...lines: readonly string[]) => readTraceContext([PARENT], lines)?.tracestate
const entries = (count: number, length: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, at) => `k${from + at}=`.padEnd(length, 'v'))

test.for<readonly [string, readonly string[], string | undefined]>([
  ['one entry', ['rojo=00f067aa0ba902b7'], 'rojo=00f067aa0ba902b7'],
  ['several header lines, which are one list', ['a=1', 'b=2'], 'a=1,b=2'],
  ['white space around members, and empty members', [' a=1 ,\t,  b=2\t'], 'a=1,b=2'],
  ['a key with a tenant', ['fw529a3039@dt=FfAnZwSIW'], 'fw529a3039@dt=FfAnZwSIW'],
  ['a tenant that begins with a digit', ['0t@sys=x'], '0t@sys=x'],
  ['spaces within a value, and before it', ['a= x y'], 'a= x y'],
  ['a key of 256 characters', [`${'a'.repeat(256)}=1`], `${'a'.repeat(256)}=1`],
  ['a value of 256 characters', [`a=${'v'.repeat(256)}`], `a=${'v'.repeat(256)}`],
  ['32 entries', [entries(32, 8).join(',')], entries(32, 8).join(',')],
  ['no header', [], undefined],
  ['an empty header', [''], undefined],
  ['a capital letter in a key', ['Rojo=1'], undefined],
  ['a key that begins with a digit, without a tenant', ['0t=x'], undefined],
  ['two @', ['a@b@c=1'], undefined],
  ['a tenant of 242 characters', [`${'a'.repeat(242)}@sys=1`], undefined],
  ['a system of 15 characters', [`t@${'a'.repeat(15)}=1`], undefined],
  ['a key of 257 characters', [`${'a'.repeat(257)}=1`], undefined],
  ['a value of 257 characters', [`a=${'v'.repeat(257)}`], undefined],
  ['an empty value', ['a='], undefined],
  ['= in a value', ['a=b=c'], undefined],
  ['no =', ['a'], undefined],
  ['a tab in a value', ['a=x\ty'], undefined],
  ['a character that is not ASCII', ['a=é'], undefined],
  ['white space that is not ASCII', ['\u00a0a=1'], undefined],
  ['a key twice', ['a=1,b=2', 'a=3'], undefined],
  ['33 entries', [entries(33, 8).join(',')], undefined],
])('tracestate with %s', ([, lines, sent]) => {
  expect(stateOf(...lines)).toBe(sent)
})

test('above 512 characters, entries of more than 128 are left out first, then the last ones', () => {
  const long = `big=${'v'.repeat(150)}`
  const short = entries(8, 50)
  expect(stateOf([long, ...short].join(','))).toBe(short.join(','))
  const many = entries(20, 50)
  expect(stateOf(many.join(','))).toBe(many.slice(0, 10).join(','))
})

test.for([
  ['malformed', ['00-xyz']],
  ['of zeros', ['00-00000000000000000000000000000000-00f067aa0ba902b7-01']],
  ['missing', []],
  ['there twice', [PARENT, PARENT]],
  ['in capitals', [PARENT.toUpperCase()]],
] as const)('nothing is sent on where traceparent is %s, tracestate included', ([, traceparent]) => {
  expect(readTraceContext(traceparent, ['a=1'])).toBeUndefined()
})

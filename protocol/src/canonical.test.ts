import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonical } from './canonical.ts'

/** The rule, written down in the simplest way: members sorted, everything else as JSON.stringify writes it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map((name) => [name, sorted(Reflect.get(value, name))]))
}

test('any value is written as JSON.stringify writes it with its members sorted', () => {
  // Names that look like integers are left out: JSON.stringify writes those first, whatever their place.
  const names = fc.string({ unit: 'binary' }).filter((name) => name.isWellFormed() && !/^\d+$/.test(name))
  const values = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(names, tie('value'), { maxKeys: 5 }),
    ),
  })).value
  fc.assert(fc.property(values, (value) => canonical(value) === JSON.stringify(sorted(value))))
})

test.for([
  ['a zero has no sign', { a: -0 }, '{"a":0}'],
  [
    'members are sorted by code unit',
    { b: 1, a: 2, '\u{10000}': 3, '\uffff': 4 },
    '{"a":2,"b":1,"\u{10000}":3,"\uffff":4}',
  ],
  ['names that look like integers are texts too', { 10: 1, 9: 2 }, '{"10":1,"9":2}'],
  ['members without a value are left out', { a: undefined, b: 1, c: undefined }, '{"b":1}'],
  ['empty texts, arrays and objects', ['', [], {}], '["",[],{}]'],
  ['what JSON escapes', '"\\\u0000\u001f\u007f/', '"\\"\\\\\\u0000\\u001f\u007f/"'],
] as const)('%s', ([, value, text]) => {
  expect(canonical(value)).toBe(text)
})

test.for([
  ['a lone surrogate', '\ud800'],
  ['a name with one', { '\udc00': 1 }],
  ['NaN', Number.NaN],
  ['undefined', [undefined]],
  ['a bigint', 1n],
] as const)('%s is refused', ([, value]) => {
  expect(() => canonical(value)).toThrow(TypeError)
})

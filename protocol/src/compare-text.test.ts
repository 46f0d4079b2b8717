import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareText } from './compare-text.ts'

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('a', 'b', '\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{1f600}', '\u{10ffff}'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 6,
})

test('texts are in the order of their UTF-8 bytes', () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      const bytes = new TextEncoder()
      const expected = Buffer.compare(bytes.encode(one), bytes.encode(other))
      expect(Math.sign(compareText(one, other))).toBe(expected)
    }),
    { numRuns: 5_000 },
  )
})

test('which is not that of JavaScript', () => {
  expect(['\u{1f600}', '\u{e000}'].sort(compareText)).toEqual(['\u{e000}', '\u{1f600}'])
  expect(['\u{1f600}', '\u{e000}'].sort()).toEqual(['\u{1f600}', '\u{e000}'])
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maxJsonBytes } from './json-size.ts'

test('no JSON text has more bytes than its bound', () => {
  const texts = fc.string({ unit: 'binary' })
  const values = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      texts,
      fc.double(),
      fc.boolean(),
      fc.constantFrom(null, undefined, '\0'.repeat(40), '\u2028', '\ud800', -Number.MAX_VALUE, -5e-324),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(texts, tie('value'), { maxKeys: 5 }),
    ),
  })).value
  fc.assert(
    fc.property(values, (value) => {
      expect(maxJsonBytes(value)).toBeGreaterThanOrEqual(Buffer.byteLength(JSON.stringify(value) ?? ''))
    }),
  )
})

import type { Limit } from '@mandate/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AttributeRule } from '../policy/manifest.ts'
import { boundObjection, boundsOf, limitsOf, unitOf } from './bounds.ts'

const RULES = {
  price: { type: 'money' },
  starts: { type: 'instant' },
  risk: { type: 'integer' },
  weight: { type: 'number' },
} as const satisfies Readonly<Record<string, AttributeRule>>
type Bound = Parameters<typeof boundObjection>[0]

test.for<readonly [keyof typeof RULES | 'unknown', Bound, RegExp | undefined]>([
  ['price', { at_most: 1, currency: 'EUR' }, undefined],
  ['price', { at_least: 0, currency: 'EUR' }, undefined],
  ['price', { at_most: 1 }, /currency/],
  ['price', { at_most: 0.5, currency: 'EUR' }, /minor units/],
  ['price', { at_most: 2 ** 53, currency: 'EUR' }, /minor units/],
  ['risk', { at_most: 1, currency: 'EUR' }, /only money/],
  ['starts', { at_least: 60 }, undefined],
  ['weight', { at_most: -0.5 }, undefined],
  ['weight', { at_most: Number.POSITIVE_INFINITY }, /finite/],
  ['weight', { at_most: Number.NaN }, /finite/],
  ['risk', {}, /one of them/],
  ['risk', { at_most: 1, at_least: 1 }, /one of them/],
  ['unknown', { at_most: 1 }, /no such attribute/],
])('a bound on %s, %o: %s', ([name, bound, objection]) => {
  const said = boundObjection(bound, name === 'unknown' ? undefined : RULES[name])
  if (objection) expect(said).toMatch(objection)
  else expect(said).toBeUndefined()
})

test('money is compared in its currency, an instant in seconds ahead, a number in nothing', () => {
  expect(unitOf(RULES.price, { currency: 'EUR' })).toBe('EUR')
  expect(unitOf(RULES.starts, {})).toBe('ahead')
  expect(unitOf(RULES.risk, {})).toBe('')
})

test('what is kept of limits shows again as it was given', () => {
  const side = fc.constantFrom('at_most', 'at_least')
  const limit = fc.tuple(fc.constantFrom('price', 'starts', 'risk', 'weight'), side, fc.integer()).map(
    ([attribute, at, value]): Limit => ({
      attribute,
      [at]: value,
      ...(attribute === 'price' && { currency: 'EUR' }),
    }),
  )
  const limits = fc.uniqueArray(limit, { selector: ({ attribute }) => attribute })
  const sorted = (list: readonly Limit[]) => [...list].sort((a, b) => a.attribute.localeCompare(b.attribute))
  fc.assert(
    fc.property(limits, (given) => {
      expect(sorted(limitsOf(boundsOf(given, RULES)))).toEqual(sorted(given))
    }),
  )
})

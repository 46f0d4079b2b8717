import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { manifestSchema } from '../policy/manifest.ts'
import { attributeOfKey, coerceAttributes, limitKey } from './attributes.ts'

const NOW = Date.UTC(2026, 10, 21, 20)
const manifest = manifestSchema.parse({
  domain: 'travel',
  actions: {},
  resources: {},
  account: 'account',
  attributes: {
    price: { type: 'money', minimum: 0 },
    starts: { type: 'instant' },
    risk: { type: 'integer', minimum: 0 },
    weight: { type: 'number' },
  },
})
const coerce = (sent: Readonly<Record<string, unknown>>) => coerceAttributes(manifest, sent, NOW)

describe('D3: a number is a number', () => {
  test.for<readonly [string, unknown, number, string]>([
    ['price', { amount: 0, currency: 'EUR' }, 0, 'EUR'],
    ['price', { amount: Number.MAX_SAFE_INTEGER, currency: 'JPY' }, Number.MAX_SAFE_INTEGER, 'JPY'],
    ['price', { amount: 1, currency: 'EUR', note: 'x' }, 1, 'EUR'],
    ['starts', '2026-11-21T20:00:01Z', 1, 'ahead'],
    ['starts', '2026-11-21T21:00:00+02:00', -3_600, 'ahead'],
    ['starts', '2026-11-21T20:00:00.500Z', 0.5, 'ahead'],
    ['risk', 0, 0, ''],
    ['risk', -0, -0, ''],
    ['weight', -1.5, -1.5, ''],
  ])('%s: %j is %d %s', ([name, sent, value, unit]) => {
    expect(coerce({ [name]: sent }).measured.get(name)).toEqual({ value, unit })
    expect(coerce({ [name]: sent }).byUnit).toEqual({ [limitKey(name, unit)]: value })
  })

  test.for<readonly [string, unknown]>([
    ['price', { amount: -1, currency: 'EUR' }],
    ['price', { amount: 0.5, currency: 'EUR' }],
    ['price', { amount: 2 ** 53, currency: 'EUR' }],
    ['price', { amount: '1', currency: 'EUR' }],
    ['price', { amount: 1, currency: 'EURO' }],
    ['price', { amount: 1, currency: 'eur' }],
    ['price', { amount: 1 }],
    ['price', 1],
    ['price', null],
    ['starts', '2026-11-21'],
    ['starts', '2026-11-21T20:00:00'],
    ['starts', '2026-02-30T20:00:00Z'],
    ['starts', 1_800_000_000],
    ['starts', null],
    ['risk', -1],
    ['risk', 0.5],
    ['risk', '1'],
    ['risk', true],
    ['risk', null],
    ['risk', Number.NaN],
    ['weight', Number.POSITIVE_INFINITY],
    ['weight', '1'],
  ])('%s: %j is nothing', ([name, sent]) => {
    const { measured, byUnit, logged } = coerce({ [name]: sent })
    expect([measured.size, byUnit, logged()]).toEqual([0, {}, {}])
  })
})

test('what is not declared is not looked at, and what is inherited is not sent', () => {
  const { measured, byUnit, logged } = coerceAttributes(manifest, Object.create({ risk: 1 }), NOW)
  expect([measured.size, byUnit, logged()]).toEqual([0, {}, {}])
  expect(coerce({ note: 'words', owner: 'me' }).logged()).toEqual({})
})

test('the log keeps minor units under their currency, and instants in UTC, whatever they were written in', () => {
  const starts = '2026-11-21T21:00:00+01:00'
  expect(coerce({ price: { amount: 5, currency: 'EUR' }, starts, risk: 2 }).logged()).toEqual({
    'price.EUR': 5,
    starts: '2026-11-21T20:00:00.000Z',
    risk: 2,
  })
})

test('a key leads back to its attribute', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z][a-z0-9_-]{0,29}$/), fc.constantFrom('', 'EUR', 'ahead'), (name, unit) => {
      expect(attributeOfKey(limitKey(name, unit))).toBe(name)
    }),
  )
})

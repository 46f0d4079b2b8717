import { expect, test } from 'vitest'
import { boundText, parseBound } from './measure.ts'

const attribute = (type: 'money' | 'instant' | 'integer' | 'number' | 'string') => ({ type, label: 'it' })

test.for([
  ['money', '500 EUR', { value: 50_000, currency: 'EUR' }],
  ['money', '4,100.50EUR', { value: 410_050, currency: 'EUR' }],
  ['money', '500 JPY', { value: 500, currency: 'JPY' }],
  ['instant', '7d', { value: 604_800 }],
  ['integer', '3', { value: 3 }],
  ['number', '2.5', { value: 2.5 }],
] as const)('%s: %s', ([type, text, bound]) => {
  expect(parseBound('--limit', 'it', text, attribute(type))).toEqual(bound)
})

test.for([
  ['money', '500'],
  ['money', '500 XXQ'],
  ['money', '1.234 EUR'],
  ['instant', '7'],
  ['integer', '2.5'],
  ['integer', ''],
  ['number', 'much'],
] as const)('%s: %j is refused, with an example', ([type, text]) => {
  expect(() => parseBound('--limit', 'it', text, attribute(type))).toThrow(/^--limit: it must be like \S/u)
})

test('text cannot be limited', () => {
  expect(() => parseBound('--at-most', 'it', 'x', attribute('string'))).toThrow('--at-most: it cannot be limited.')
})

test.for([
  [{ at_most: 410_000, currency: 'EUR' }, 'money', 'at most 4,100.00 EUR'],
  [{ at_least: 604_800 }, 'instant', 'at least 7 days ahead'],
  [{ at_most: 3, at_least: 1 }, 'integer', 'at most 3, at least 1'],
] as const)('%j is said as such', ([setting, type, text]) => {
  expect(boundText(setting, attribute(type))).toBe(text)
})

test('a unit is said after the number', () => {
  const volume = { ...attribute('integer'), unit: { one: 'unit', many: 'units' } }
  expect([boundText({ at_most: 1 }, volume), boundText({ at_most: 10 }, volume)]).toEqual([
    'at most 1 unit',
    'at most 10 units',
  ])
})

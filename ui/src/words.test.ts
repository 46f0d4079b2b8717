import { expect, test } from 'vitest'
import { money, partyOf, resourceWords, short, span } from './words.ts'

test.for([
  ['whole', 420_000, 'EUR', /^EUR\s4,200\.00$/u],
  ['without cents where the currency has none', 420, 'JPY', /^JPY\s420$/u],
  ['with two decimals of the forint, as ISO 4217 has it and CLDR has not', 500_000, 'HUF', /^HUF\s5,000\.00$/u],
  ['with thousandths', 4_125, 'KWD', /^KWD\s4\.125$/u],
  ['as minor units where there is no such currency', 420, 'XYZ', /^420 minor units of XYZ$/u],
  ['as minor units where the currency is missing', 420, '', /^420 minor units of an unknown currency$/u],
] as const)('minor units are said %s', ([, minor, currency, words]) => {
  expect(money(minor, currency)).toMatch(words)
})

test.for([
  [604_800, '7 days'],
  [172_800, '2 days'],
  [172_799, '48 hours'],
  [3_600, '1 hour'],
  [3_599, '60 minutes'],
  [60, '1 minute'],
] as const)('%i seconds are %s', ([seconds, words]) => {
  expect(span(seconds)).toBe(words)
})

test('ids that machines made are cut, names that people gave stand', () => {
  expect(resourceWords('workflow:01M8XYZABCDEFGHJKMNPQRST21')).toBe('workflow 01M8XY…ST21')
  expect(resourceWords('workflow_item:dinner')).toBe('workflow item dinner')
  expect(short('exactly-11c')).toBe('exactly-11c')
})

test('an id may hold what splits nothing', () => {
  expect(partyOf('agent:booking@agent')).toEqual({ kind: 'agent', id: 'booking@agent' })
})

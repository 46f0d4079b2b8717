import type { Autonomy } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { autonomySentence, gatesOf, problemAtGate, readTyped, type Typed, typedOf } from './limits.ts'

const TRAVEL = ['price', 'lead_time', 'risk'] as const
const STORY: Autonomy = {
  consent: true,
  limits: {
    price: { at_most: 410_000, currency: 'EUR' },
    lead_time: { at_least: 604_800 },
    risk: { at_most: 3 },
  },
}
const TYPED: Typed = { consent: 'yes', price: '4,100', currency: 'EUR', effort: '', lead_time: '7', risk: '3' }

test.for([
  ['the story', STORY, 'Agents may book for you up to EUR 4,100.00 an item, at least 7 days ahead, risk at most 3.'],
  [
    'another domain',
    { consent: true, limits: { effort: { at_most: 30 }, lead_time: { at_least: 3_600 }, risk: { at_most: 0 } } },
    'Agents may act for you 30 minutes of effort at most, at least 1 hour ahead, risk at most 0.',
  ],
] as const)('%s as a sentence', ([, autonomy, sentence]) => {
  // Money is not broken between its currency and its amount.
  expect(autonomySentence(autonomy).replaceAll('\u00a0', ' ')).toBe(sentence)
})

test('no settings and no consent are two things, and neither lets an agent act', () => {
  const without = autonomySentence(undefined)
  const off = autonomySentence({ ...STORY, consent: false })
  expect(without).toMatch(/Agents may do nothing/)
  expect(off).toMatch(/Agents may book nothing/)
})

test('what is typed is what is sent: money in minor units, days in seconds', () => {
  expect(readTyped(TYPED, TRAVEL)).toEqual({ ok: true, autonomy: STORY })
})

test('what was sent is typed again as it was', () => {
  expect(readTyped(typedOf(STORY), TRAVEL)).toEqual({ ok: true, autonomy: STORY })
})

test('a comma before one or two digits of days is a decimal sign, never left out', () => {
  const read = readTyped({ ...TYPED, lead_time: '7,5' }, TRAVEL)
  expect(read).toMatchObject({ ok: true, autonomy: { limits: { lead_time: { at_least: 648_000 } } } })
})

test('what nobody changed is sent as it was, to the second and whatever its currency', () => {
  const odd: Autonomy = {
    consent: true,
    limits: {
      price: { at_most: 123, currency: 'EUR' },
      lead_time: { at_least: 3_601 },
      risk: { at_most: 3 },
    },
  }
  expect(readTyped({ ...typedOf(odd), consent: 'no' }, TRAVEL, odd)).toEqual({
    ok: true,
    autonomy: { ...odd, consent: false },
  })
  const another = readTyped({ ...typedOf(odd), currency: 'JPY', price: '123' }, TRAVEL, odd)
  expect(another).toMatchObject({ ok: true, autonomy: { limits: { price: { at_most: 123, currency: 'JPY' } } } })
})

test.for([
  ['a currency without cents', { price: '4100', currency: 'jpy' }, { at_most: 4_100, currency: 'JPY' }],
  ['one with thousandths', { price: '4.125', currency: 'KWD' }, { at_most: 4_125, currency: 'KWD' }],
  ['cents', { price: '0.05' }, { at_most: 5, currency: 'EUR' }],
  ['one whose decimals CLDR leaves out', { price: '5,000', currency: 'HUF' }, { at_most: 500_000, currency: 'HUF' }],
  ['a decimal comma', { price: '4100,00' }, { at_most: 410_000, currency: 'EUR' }],
] as const)('%s is counted in its own minor units', ([, typed, price]) => {
  expect(readTyped({ ...TYPED, ...typed }, TRAVEL)).toMatchObject({ ok: true, autonomy: { limits: { price } } })
})

test.for([
  ['no amount', { price: 'much' }, ['price']],
  ['more digits than the currency has', { price: '1.005' }, ['price']],
  ['less than nothing', { price: '-1' }, ['price']],
  ['a decimal comma in a currency without cents', { price: '4100,00', currency: 'JPY' }, ['price']],
  ['a comma that could be either', { price: '4,125', currency: 'KWD' }, ['price']],
  ['no currency', { currency: 'EURO' }, ['currency']],
  ['three letters that are no currency', { currency: 'XAU' }, ['currency']],
  ['no currency and no amount', { currency: 'EURO', price: 'much' }, ['currency', 'price']],
  ['days with a comma that could be either', { lead_time: '0,125' }, ['lead_time']],
  ['more than ten years', { lead_time: '3651' }, ['lead_time']],
  ['half a risk', { risk: '1.5' }, ['risk']],
  ['more risk than there is', { risk: '6' }, ['risk']],
  ['nothing at all', { price: '', lead_time: '', risk: '' }, ['price', 'lead_time', 'risk']],
] as const)('%s is said at its field', ([, typed, fields]) => {
  const read = readTyped({ ...TYPED, ...typed }, TRAVEL)
  expect(read.ok ? [] : Object.keys(read.wrong)).toEqual(fields)
})

test.for([
  ['autonomy: price: money needs a currency.', 'price'],
  ['autonomy: consent needs every limit set; "lead_time" is missing.', 'lead_time'],
  ['autonomy: something else.', 'autonomy'],
] as const)('the service saying %s is about %s', ([detail, field]) => {
  expect(problemAtGate({ code: 'persona_invalid', title: 'No.', detail, field: 'autonomy' }, TRAVEL)?.field).toBe(field)
})

test('a domain that is not known has no gates to set', () => {
  expect(gatesOf('travel')).toEqual(TRAVEL)
  expect(gatesOf('constructor')).toBeUndefined()
})

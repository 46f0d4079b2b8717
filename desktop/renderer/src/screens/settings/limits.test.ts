import type { Autonomy } from '@mandate/protocol'
import { domainOfScope } from '@mandate/ui'
import { expect, test } from 'vitest'
import { domains } from '../../../dev/world.ts'
import {
  autonomySentence,
  consentOf,
  fieldsOf,
  limitGatesOf,
  problemAtGate,
  readTyped,
  type Typed,
  typedOf,
  typedOver,
} from './limits.ts'

const domainOf = (name: string) => {
  const domain = domainOfScope(`all:${name}`, domains)
  if (!domain) throw new Error(`no domain ${name}`)
  return domain
}
const travel = domainOf('travel')
const lab = domainOf('lab')
const TRAVEL = limitGatesOf(travel)
const STORY: Autonomy = {
  consent: true,
  limits: {
    price: { at_most: 410_000, currency: 'EUR' },
    lead_time: { at_least: 604_800 },
    risk: { at_most: 3 },
  },
}
const TYPED = { price: '4,100', 'price.currency': 'EUR', lead_time: '7', risk: '3' }
const typed = (fields: Readonly<Record<string, string>>): Typed => ({ consent: 'yes', fields: { ...TYPED, ...fields } })

test.for([
  ['travel', STORY, 'Agents may book for you up to EUR 4,100.00 an item, at least 7 days ahead, risk at most 3.'],
  [
    'nursing',
    { consent: true, limits: { effort: { at_most: 30 }, lead_time: { at_least: 3_600 }, risk: { at_most: 0 } } },
    'Agents may act for you 30 minutes of effort at most, at least 1 hour ahead, risk at most 0.',
  ],
  [
    'lab',
    { consent: true, limits: { volume: { at_most: 1 }, notice: { at_least: 172_800 } } },
    'Agents may release samples of yours of at most 1 millilitre each, time of drawing at least 2 days ahead.',
  ],
] as const)('limits of %s as a sentence', ([domain, autonomy, sentence]) => {
  // A no-break space separates currency and amount.
  expect(autonomySentence(autonomy, domainOf(domain)).replaceAll('\u00a0', ' ')).toBe(sentence)
})

test('limits of gates without a form are a list after a colon; without any limit there is none', () => {
  const gates = lab.gates.map(({ form: _, ...gate }) => gate)
  const limits = { volume: { at_most: 1 }, notice: { at_least: 172_800 } }
  expect(autonomySentence({ consent: true, limits }, { ...lab, gates })).toBe(
    'Agents may release samples of yours: volume of blood at most 1 millilitre, time of drawing at least 2 days ahead.',
  )
  const unasked = { ...lab, gates: gates.map(({ consent: _, ...gate }) => gate) }
  expect(autonomySentence({ consent: true, limits: {} }, unasked)).toBe('Agents may act for you.')
})

test('settings that are missing, withdrawn, or of a domain that is not in force each have their sentence', () => {
  expect(autonomySentence(undefined, travel)).toMatch(/Agents may do nothing/)
  expect(autonomySentence({ ...STORY, consent: false }, travel)).toMatch(/withdrawn your consent/)
  expect(autonomySentence(STORY, undefined)).toMatch(/cannot show/)
})

test("a domain's form: fields, suggestions and question come from its description", () => {
  expect(consentOf(lab).question).toBe('May agents release samples of yours?')
  const gates = limitGatesOf(lab)
  expect(fieldsOf(gates).map(({ name, label, help }) => [name, label, help])).toEqual([
    ['volume', 'Millilitres of a sample, at most', 'Larger samples are yours to release.'],
    ['notice', 'Time of drawing (days ahead), at least', undefined],
  ])
  expect(typedOf(undefined, gates)).toEqual({ consent: 'yes', fields: { volume: '10', notice: '' } })
  expect(fieldsOf(TRAVEL).map(({ name }) => name)).toEqual(['price', 'price.currency', 'lead_time', 'risk'])
})

test('a gate that a policy adds while a form is open has its field, and what was typed before stays', () => {
  const gates = limitGatesOf(lab)
  const own = { fields: { volume: '35' } }
  const before = typedOver(typedOf(undefined, gates.slice(0, 1)), own)
  expect(before.fields).toEqual({ volume: '35' })
  expect(typedOver(typedOf(undefined, gates), own)).toEqual({ consent: 'yes', fields: { volume: '35', notice: '' } })
  expect(typedOver(before, { consent: 'no' }).consent).toBe('no')
})

test("a domain's ranges and units are in its error texts", () => {
  const read = readTyped({ consent: 'yes', fields: { volume: '501', notice: 'soon' } }, limitGatesOf(lab))
  expect(read).toEqual({
    ok: false,
    wrong: {
      volume: 'Give a whole number of millilitres from 0 to 500.',
      notice: 'Give a number of days up to 3,650.',
    },
  })
})

test('an instant without a minimum may be in the past', () => {
  const read = readTyped({ consent: 'yes', fields: { volume: '5', notice: '-90' } }, limitGatesOf(lab))
  expect(read).toMatchObject({ ok: true, autonomy: { limits: { notice: { at_least: -7_776_000 } } } })
})

test('what is typed is what is sent: money in minor units, days in seconds', () => {
  expect(readTyped(typed({}), TRAVEL)).toEqual({ ok: true, autonomy: STORY })
})

test('what was sent is typed again as it was', () => {
  expect(readTyped(typedOf(STORY, TRAVEL), TRAVEL)).toEqual({ ok: true, autonomy: STORY })
})

test('a comma before one or two digits of days is a decimal sign, never left out', () => {
  const read = readTyped(typed({ lead_time: '7,5' }), TRAVEL)
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
  const first = typedOf(odd, TRAVEL)
  expect(readTyped({ ...first, consent: 'no' }, TRAVEL, odd)).toEqual({
    ok: true,
    autonomy: { ...odd, consent: false },
  })
  const fields = { ...first.fields, 'price.currency': 'JPY', price: '123' }
  const another = readTyped({ ...first, fields }, TRAVEL, odd)
  expect(another).toMatchObject({ ok: true, autonomy: { limits: { price: { at_most: 123, currency: 'JPY' } } } })
})

test.for([
  ['a currency without cents', { price: '4100', 'price.currency': 'jpy' }, { at_most: 4_100, currency: 'JPY' }],
  ['one with thousandths', { price: '4.125', 'price.currency': 'KWD' }, { at_most: 4_125, currency: 'KWD' }],
  ['cents', { price: '0.05' }, { at_most: 5, currency: 'EUR' }],
  [
    'one whose decimals CLDR leaves out',
    { price: '5,000', 'price.currency': 'HUF' },
    { at_most: 500_000, currency: 'HUF' },
  ],
  ['a decimal comma', { price: '4100,00' }, { at_most: 410_000, currency: 'EUR' }],
] as const)('%s is counted in its own minor units', ([, fields, price]) => {
  expect(readTyped(typed(fields), TRAVEL)).toMatchObject({ ok: true, autonomy: { limits: { price } } })
})

test.for([
  ['no amount', { price: 'much' }, ['price']],
  ['more digits than the currency has', { price: '1.005' }, ['price']],
  ['less than nothing', { price: '-1' }, ['price']],
  ['a decimal comma in a currency without cents', { price: '4100,00', 'price.currency': 'JPY' }, ['price']],
  ['a comma that could be either', { price: '4,125', 'price.currency': 'KWD' }, ['price']],
  ['no currency', { 'price.currency': 'EURO' }, ['price.currency']],
  ['three letters that are no currency', { 'price.currency': 'XAU' }, ['price.currency']],
  ['no currency and no amount', { 'price.currency': 'EURO', price: 'much' }, ['price.currency', 'price']],
  ['days with a comma that could be either', { lead_time: '0,125' }, ['lead_time']],
  ['more than ten years', { lead_time: '3651' }, ['lead_time']],
  ['half a risk', { risk: '1.5' }, ['risk']],
  ['more risk than there is', { risk: '6' }, ['risk']],
  ['nothing at all', { price: '', lead_time: '', risk: '' }, ['price', 'lead_time', 'risk']],
] as const)('%s is said at its field', ([, fields, wrong]) => {
  const read = readTyped(typed(fields), TRAVEL)
  expect(read.ok ? [] : Object.keys(read.wrong)).toEqual(wrong)
})

test.for([
  ['autonomy: price: money needs a currency.', 'price'],
  ['autonomy: consent needs every limit set; "lead_time" is missing.', 'lead_time'],
  ['autonomy: something else.', 'autonomy'],
] as const)('the service saying %s is about %s', ([detail, field]) => {
  expect(problemAtGate({ code: 'persona_invalid', title: 'No.', detail, field: 'autonomy' }, TRAVEL)?.field).toBe(field)
})

test('at a gate, a problem is told without the names that the PDP has for the field', () => {
  const problem = { code: 'persona_invalid', title: 'No.', detail: 'autonomy: price: give at_most.', field: 'autonomy' }
  expect(problemAtGate(problem, TRAVEL)).toEqual({ ...problem, field: 'price', detail: 'Give at_most.' })
})

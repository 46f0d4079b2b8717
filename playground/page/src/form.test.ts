/**
 * The fields of a question: what a line of the cases fills in, and what they send.
 */
import type { Outline } from '@mandate/playground/api'
import { expect, test } from 'vitest'
import { firstForm, fitted, formOf, lineOf, questionOf, whatOf } from './form.ts'
import { parseValue, textOf } from './values.ts'

const action = { verb: '', label: '', implies: [], limited: false, grantable: true }
const outline = {
  domain: { actions: { release: { ...action, on: 'resource' }, order: { ...action, on: 'account' } } },
  people: { dora: ['donor/ward-2'] },
  agents: ['courier'],
  resources: { vial: { type: 'lab_sample', values: { volume: 8 } } },
  attributes: [
    { name: 'volume', type: 'integer' },
    { name: 'price', type: 'money' },
  ],
  subjectAttributes: [],
  actionAttributes: [],
  cases: [
    {
      name: 'one',
      line: 1,
      given: 0,
      questions: [
        {
          line: 2,
          ask: 'courier for dora as donor/ward-2 release vial',
          with: { volume: 11, price: { amount: 8900, currency: 'EUR' } },
          with_subject: {},
          with_action: {},
          promised: 'deny volume_above_limit',
        },
      ],
    },
  ],
} as unknown as Outline

test('a line of the cases comes back as the same question, and as the same line', () => {
  const form = firstForm(outline)
  expect(form.with).toEqual({ volume: '11', price: '89.00 EUR' })
  const question = questionOf(form, outline)
  expect(question).toEqual({
    subject: 'dora',
    actor: 'courier',
    persona: 'donor/ward-2',
    action: 'release',
    what: 'vial',
    with: { volume: 11, price: { amount: 8900, currency: 'EUR' } },
    with_subject: {},
    with_action: {},
  })
  expect(lineOf(question, 'deny: [volume_above_limit]')).toBe(
    '- { ask: courier for dora as donor/ward-2 release vial, with: { volume: 11, price: { amount: 8900, currency: EUR } }, deny: [volume_above_limit] }',
  )
})

test('an empty field is not sent, so that the resource’s own value is', () => {
  const form = { ...firstForm(outline), with: { volume: ' ', price: '' } }
  expect(questionOf(form, outline).with).toEqual({})
})

test('an action on an account is about people’s accounts, and its line is quoted', () => {
  expect(whatOf(outline, 'order')).toEqual(['account:dora'])
  const asked = { ...firstForm(outline), actor: '', persona: '', action: 'order', what: 'account:dora', with: {} }
  expect(lineOf(questionOf(asked, outline), 'permit: owner')).toBe(
    "- { ask: 'dora order account:dora', permit: owner }",
  )
})

test('a question about what an edit removed becomes the first question', () => {
  const form = firstForm(outline)
  expect(fitted(form, outline)).toBe(form)
  expect(fitted({ ...form, subject: 'nobody-here' }, outline)).toEqual(form)
  expect(fitted({ ...form, case: 7 }, outline)).not.toHaveProperty('case')
})

test.for([
  ['money', { amount: -5, currency: 'EUR' }, '-0.05 EUR'],
  ['money', { amount: 7, currency: 'not one' }, '{"amount":7,"currency":"not one"}'],
  ['instant', 'in 3 days', 'in 3 days'],
  ['integer', 11, '11'],
  ['number', -1.5, '-1.5'],
  ['boolean', true, 'true'],
  ['strings', ['a', 'b'], 'a, b'],
  ['string', '7', '7'],
] as const)('%s: text and value', ([type, value, text]) => {
  expect(textOf(value)).toBe(text)
  expect(parseValue(text, type)).toEqual(value)
})

test('text that is no value of its type is sent as it is: the PDP says what is wrong with it', () => {
  expect(parseValue('much', 'integer')).toBe('much')
  expect(parseValue('89 euros', 'money')).toBe('89 euros')
  expect(parseValue('89.005 EUR', 'money')).toBe('89.005 EUR')
  expect(formOf({ ...outline.cases[0]?.questions[0], ask: 'x' } as never, 0).subject).toBe('')
})

import { type Domain, parseEvaluationRequest } from '@mandate/protocol'
import { describe, expect, test } from 'vitest'
import { questionOf } from './question.ts'

const LAB = {
  domain: 'lab',
  account: 'lab_account',
  resources: { lab_sample: {} },
  actions: { release: {}, read: {} },
  attributes: {
    volume: { type: 'integer', label: 'volume' },
    price: { type: 'money', label: 'price' },
    starts_at: { type: 'instant', label: 'start' },
    label: { type: 'string', label: 'label' },
  },
} as unknown as Domain

const parse = (text: string, options: Parameters<typeof questionOf>[1] = {}) =>
  questionOf(text === '' ? [] : text.split(' '), options, { domains: [LAB], me: 'sub-1' })

describe('a question in words', () => {
  test.for([
    ['dora read lab_sample:vial', { type: 'user', id: 'dora' }],
    ['me read lab_sample:vial', { type: 'user', id: 'sub-1' }],
    ['user:dora read lab_sample:vial', { type: 'user', id: 'dora' }],
    ['agent:courier read lab_sample:vial', { type: 'agent', id: 'courier' }],
    ['courier for dora read lab_sample:vial', { type: 'user', id: 'dora', properties: { act: { sub: 'courier' } } }],
    [
      'agent:courier for me read lab_sample:vial',
      { type: 'user', id: 'sub-1', properties: { act: { sub: 'courier' } } },
    ],
    [
      'dora as donor/ward-2 read lab_sample:vial',
      { type: 'user', id: 'dora', properties: { persona: 'donor/ward-2' } },
    ],
  ] as const)('%s', ([text, subject]) => {
    const request = parse(text)
    expect(request).toEqual({ subject, action: { name: 'read' }, resource: { type: 'lab_sample', id: 'vial' } })
    expect(parseEvaluationRequest(request).success).toBe(true)
  })

  test('is the same as options', () => {
    const options = { subject: 'dora', actor: 'agent:courier', persona: 'donor/ward-2', action: 'read' }
    expect(parse('', { ...options, resource: 'lab_sample:vial' })).toEqual(
      parse('courier for dora as donor/ward-2 read lab_sample:vial'),
    )
  })

  test('may be about one’s own account', () => {
    expect(parse('me read lab_account:me').resource).toEqual({ type: 'lab_account', id: 'sub-1' })
  })

  test.for([
    ['dora read', 'The question lacks the resource'],
    ['', 'The question lacks who asks'],
    ['a b c d e', 'The question must be'],
    ['dora read vial', 'The resource must be TYPE:ID'],
    ['dora read lab_sampel:vial', 'Did you mean lab_sample?'],
    ['dora raed lab_sample:vial', 'Did you mean read?'],
  ] as const)('%j is refused: %s', ([text, message]) => {
    expect(() => parse(text)).toThrow(message)
  })

  test('me is nobody without a sign-in', () => {
    const asked = ['me', 'read', 'lab_sample:vial']
    expect(() => questionOf(asked, {}, { domains: [], me: undefined })).toThrow('mandate login')
  })
})

describe('attributes', () => {
  const sent = (...assignments: readonly string[]) =>
    parse('dora read lab_sample:vial', { with: assignments }).resource.properties

  test('are sent as a service would send them', () => {
    expect(sent('volume=8', 'price=1,234.50 EUR', 'starts_at=2026-12-24T00:00:00Z', 'label=08')).toEqual({
      volume: 8,
      price: { amount: 123_450, currency: 'EUR' },
      starts_at: '2026-12-24T00:00:00Z',
      label: '08',
    })
  })

  test('that are no value of their type are sent as they are: the PDP says what is wrong', () => {
    expect(sent('volume=much')).toEqual({ volume: 'much' })
  })

  test('that the domain does not declare are refused, as is a text without a value', () => {
    expect(() => sent('volum=8')).toThrow('Did you mean volume?')
    expect(() => sent('volume')).toThrow('--with must be NAME=VALUE')
  })

  test('of subject and action are the subject’s and the action’s', () => {
    const request = parse('dora read lab_sample:vial', { withSubject: ['level=3'], withAction: ['soft=true'] })
    expect(request.subject.properties).toEqual({ level: 3 })
    expect(request.action.properties).toEqual({ soft: true })
  })
})

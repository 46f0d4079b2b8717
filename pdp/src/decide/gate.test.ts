import { describe, expect, test } from 'vitest'
import { manifestSchema } from '../policy/manifest.ts'
import type { GateSetting } from '../ports/grants.ts'
import type { AdmittedEvaluation } from './admit.ts'
import { coerceAttributes } from './attributes.ts'
import { gateFindings, gateQuestion, gatesOf } from './gate.ts'

const manifest = manifestSchema.parse({
  domain: 'travel',
  actions: { read: {}, execute: {} },
  resources: {},
  account: 'account',
  attributes: { price: { type: 'money' }, risk: { type: 'integer' } },
  gates: [
    { name: 'consent', relation: 'may', reason: 'no_consent', actions: ['execute'] },
    {
      name: 'price',
      relation: 'cap',
      reason: 'price_above_limit',
      attribute: 'price',
      bound: 'at_most',
      actions: ['execute'],
    },
    {
      name: 'risk',
      relation: 'level',
      reason: 'risk_above_limit',
      attribute: 'risk',
      bound: 'at_most',
      actions: ['execute', 'read'],
    },
    {
      name: 'least',
      relation: 'floor',
      reason: 'risk_above_limit',
      attribute: 'risk',
      bound: 'at_least',
      actions: ['execute'],
    },
  ],
})

function admitted(sent: Readonly<Record<string, unknown>>, action = 'execute'): AdmittedEvaluation {
  return {
    evaluation: {
      subject: 'user:a',
      actor: undefined,
      persona: undefined,
      about: { subject: {}, action: {} },
      action,
      resource: 'trip:1',
      attributes: sent,
    },
    pack: { name: 'travel', manifest, version: 'travel@0' },
    attributes: coerceAttributes(manifest, sent, 0),
    now: 0,
    limited: true,
    model: '01M',
    relation: undefined,
    isSessionEnded: false,
  }
}
const EUR = (amount: number) => ({ price: { amount, currency: 'EUR' } })
const settings = (entries: Readonly<Record<string, GateSetting>>) => new Map(Object.entries(entries))
const SET = settings({ may: { bound: 0, unit: '' }, cap: { bound: 5, unit: 'EUR' }, level: { bound: 1, unit: '' } })
const found = (names: readonly string[], sent: Readonly<Record<string, unknown>>, set = SET) =>
  gateFindings(
    manifest.gates.filter(({ name }) => names.includes(name)),
    admitted(sent),
    set,
  )

test('the gates of an action are those the manifest lists for it, in its order', () => {
  expect(gatesOf(admitted({})).map(({ name }) => name)).toEqual(['consent', 'price', 'risk', 'least'])
  expect(gatesOf(admitted({}, 'read')).map(({ name }) => name)).toEqual(['risk'])
})

describe('the question of a gate', () => {
  const question = (name: string, sent: Readonly<Record<string, unknown>>) => {
    const gate = manifest.gates.find((one) => one.name === name)
    return gate && gateQuestion(gate, 'p', admitted(sent))
  }

  test('is about the value and its unit; consent has neither', () => {
    expect(question('price', EUR(7))).toEqual({ kind: 'gate', relation: 'cap', persona: 'p', value: 7, unit: 'EUR' })
    expect(question('consent', {})).toEqual({ kind: 'gate', relation: 'may', persona: 'p', value: 0, unit: '' })
  })

  test('cannot be put without its attribute: the gate has failed already', () => {
    expect(question('price', {})).toBeUndefined()
    expect(question('risk', { risk: '1' })).toBeUndefined()
  })
})

describe('why a gate did not open', () => {
  test('with the limit and the value, in the manifest`s order', () => {
    expect(found(['price', 'risk'], { ...EUR(7), risk: 2 })).toEqual([
      { code: 'price_above_limit', gate: 'price', attribute: 'price', limit: 5, actual: 7, currency: 'EUR' },
      { code: 'risk_above_limit', gate: 'risk', attribute: 'risk', limit: 1, actual: 2 },
    ])
  })

  test('an attribute that is missing or in another currency is named once, however many gates need it', () => {
    expect(found(['price', 'risk', 'least'], { price: { amount: 1, currency: 'USD' } })).toEqual([
      { code: 'attribute_invalid', gate: 'price', attribute: 'price' },
      { code: 'attribute_invalid', gate: 'risk', attribute: 'risk' },
    ])
  })

  test('F4: without settings there is the missing consent and nothing else', () => {
    expect(found(['consent', 'price', 'risk', 'least'], { ...EUR(7), risk: 2 }, settings({}))).toEqual([
      { code: 'no_consent', gate: 'consent' },
    ])
  })

  test('with consent withdrawn, limits that are set are still told', () => {
    expect(found(['consent', 'price'], EUR(7)).map(({ code }) => code)).toEqual(['no_consent', 'price_above_limit'])
  })

  test('a limit that is not set under consent closes its gate and has no number', () => {
    expect(found(['least'], { risk: 2 })).toEqual([
      { code: 'risk_above_limit', gate: 'least', attribute: 'risk', actual: 2 },
    ])
  })
})

import type { Entry } from '@mandate/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { manifestSchema } from '../policy/manifest.ts'
import type { Pack } from '../policy/pack.ts'
import { coerceAttributes } from './attributes.ts'
import { evaluationOf, looksAt } from './replay.ts'

const NOW = Date.UTC(2026, 10, 21, 20)
const manifest = manifestSchema.parse({
  domain: 'trips',
  titles: { traveler: { assume: 'self', own: ['book'], by_grant: ['book'] } },
  actions: { read: {}, book: { limited: true }, audit: { relation: 'can_audit' }, tag: {} },
  resources: { trip: { opaque_ids: true } },
  account: 'trip_account',
  attributes: {
    price: { type: 'money', minimum: 0 },
    starts: { type: 'instant' },
    risk: { type: 'integer', minimum: 0 },
    weight: { type: 'number' },
    colour: { type: 'string' },
  },
  subject_attributes: { role: { type: 'string' }, level: { type: 'integer' } },
  action_attributes: { soft: { type: 'boolean' } },
  gates: [
    {
      name: 'risk',
      relation: 'risk',
      reason: 'risk_above_limit',
      attribute: 'risk',
      bound: 'at_most',
      actions: ['book', 'tag'],
    },
  ],
})
const pack: Pack = { name: 'trips', manifest, version: 'trips@000000000001' }
const TEXT = { type: 'string', line: 1 } as const
const conditions = new Map([
  [
    'ours',
    {
      file: 'trips/model.fga',
      parameters: new Map([
        ['subject_role', TEXT],
        ['subject_level', TEXT],
      ]),
    },
  ],
  ['others', { file: 'more/model.fga', parameters: new Map([['action_soft', TEXT]]) }],
])
const model = { files: new Map(), relation: () => undefined, relationsOf: () => [], conditions }
const policies = { byType: new Map([['trip', pack]]), model }

const entry = (over: Partial<Entry> = {}): Entry => ({
  v: 1,
  id: '01KAQWERTY0123456789ABCDEF',
  at: '2026-11-21T20:00:00.000Z',
  kind: 'evaluation',
  subject: 'user:p_one',
  persona: 'traveler/family',
  action: 'book',
  resource: 'trip:t-1',
  attributes: {},
  policy: pack.version,
  ...over,
})
const asked = (over: Partial<Entry> = {}) => {
  const played = evaluationOf(entry(over), policies)
  if ('why' in played) throw new Error(played.why)
  return played
}

describe('the question of an entry is the one that it answered', () => {
  const money = fc.record({ amount: fc.nat(), currency: fc.constantFrom('EUR', 'JPY') })
  const instant = fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
    .map((date) => date.toISOString())
  const nonsense = fc.constantFrom(null, 'words', -1, 0.5, true, {}, [])
  const attributes = fc.record(
    {
      price: fc.oneof(money, nonsense),
      starts: fc.oneof(instant, nonsense),
      risk: fc.oneof(fc.nat(), nonsense),
      weight: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), nonsense),
      colour: fc.string(),
      note: fc.string(),
    },
    { requiredKeys: [] },
  )

  test('attributes that were coerced and logged are coerced to the same again, and nothing of a limited action is unknown', () => {
    fc.assert(
      fc.property(attributes, (sent) => {
        const before = coerceAttributes(manifest, sent, NOW)
        const { evaluation, unknown } = asked({ attributes: { ...before.logged() } })
        const after = coerceAttributes(manifest, evaluation.attributes, NOW)
        expect([...after.measured].sort()).toEqual([...before.measured].sort())
        expect(after.byUnit).toEqual(before.byUnit)
        expect([...unknown].filter((name) => name.startsWith('resource.'))).toEqual([])
      }),
    )
  })

  test('who asked, for whom, in which persona, what of what', () => {
    expect(asked({ actor: 'agent:booker', subject: 'user:p_one' }).evaluation).toEqual({
      subject: 'user:p_one',
      actor: 'agent:booker',
      persona: 'traveler/family',
      about: { subject: {}, action: {} },
      action: 'book',
      resource: 'trip:t-1',
      attributes: {},
    })
  })

  test("of a domain's own model: quantities and flags, each where it was; texts are unknown", () => {
    const attributes = { 'subject.level': 3, 'action.soft': true, 'resource.weight': 1.5 }
    const { evaluation, unknown } = asked({ action: 'audit', attributes })
    expect(evaluation.about).toEqual({ subject: { level: 3 }, action: { soft: true } })
    expect(evaluation.attributes).toEqual({ weight: 1.5 })
    expect([...unknown].sort()).toEqual(['resource.colour', 'resource.price', 'resource.starts', 'subject.role'])
  })
})

const HIDDEN = '~abcdefghijklmnopqrstuv'
test.for<readonly [string, Partial<Entry>, string, string]>([
  ['another kind', { kind: 'search' }, 'no_evaluation', 'kind'],
  ['an agent that nobody registered', { actor: `agent:${HIDDEN}` }, 'hidden', 'actor'],
  ['an action of nobody`s', { action: HIDDEN }, 'hidden', 'action'],
  ['a resource that nobody registered', { resource: `trip:${HIDDEN}` }, 'hidden', 'resource'],
  ['a type of no domain', { resource: 'ship:s-1' }, 'type_unknown', 'resource'],
  ['an attribute of no manifest', { attributes: { hue: 1 } }, 'attributes_misfit', 'attributes.hue'],
  ['money without its currency', { attributes: { price: 1 } }, 'attributes_misfit', 'attributes.price'],
  ['a number in a currency', { attributes: { 'risk.EUR': 1 } }, 'attributes_misfit', 'attributes.risk.EUR'],
  ['a property of nobody', { action: 'audit', attributes: { risk: 1 } }, 'attributes_misfit', 'attributes.risk'],
])('cannot be asked again: %s', ([, over, why, member]) => {
  expect(evaluationOf(entry(over), policies)).toEqual({ why, member })
})

describe('what the log does not hold is unknown, unless the policy is known to have looked at it', () => {
  test('of an action that nothing binds, and of another policy, every attribute', () => {
    const measures = ['resource.price', 'resource.risk', 'resource.starts', 'resource.weight']
    expect([...asked({ action: 'read' }).unknown]).toEqual(expect.arrayContaining(measures))
    expect([...asked({ policy: 'trips@000000000002' }).unknown]).toEqual(expect.arrayContaining(measures))
    expect([...asked({ action: 'tag' }).unknown].join()).not.toContain('resource.')
    expect(asked({ policy: 'trips@000000000002', attributes: { risk: 1 } }).unknown.has('resource.risk')).toBe(false)
  })

  test('a persona that the subject did not hold; an agent has none', () => {
    expect(asked({ persona: HIDDEN }).unknown.has('persona')).toBe(true)
    expect(asked({ persona: HIDDEN, subject: 'agent:booker' }).unknown.has('persona')).toBe(false)
  })

  test('a policy looks at gates where an agent acts, at limits where the action is limited, at what its conditions take', () => {
    const names = (over: Partial<Entry>) => [...looksAt(asked(over).evaluation, policies, ['price'])].sort()
    expect(names({ action: 'read' })).toEqual(['persona'])
    expect(names({})).toEqual(['persona', 'resource.price'])
    expect(names({ actor: 'agent:booker' })).toEqual(['persona', 'resource.price', 'resource.risk'])
    expect(names({ subject: 'agent:booker', action: 'tag' })).toEqual(['resource.risk'])
    expect(names({ action: 'audit' })).toEqual(['subject.level', 'subject.role'])
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { disclose, type Reader, standingOf } from './disclosure.ts'
import { ENTRY_KINDS, type Entry } from './entry.ts'
import { type DecisionFilter, entryMatches } from './query.ts'
import { type DecisionCode, gateCodeSchema } from './reason.ts'

const [OWNER, HELPER, STRANGER, AGENT] = ['user:p_owner', 'user:p_helper', 'user:p_stranger', 'agent:booker'] as const
const person = (party: string): Reader => ({ seesAll: false, parties: [party], inPerson: true })
const AUDITOR: Reader = { seesAll: true, parties: [], inPerson: true }

const link = (delegator: string, delegate: string): NonNullable<Entry['chain']>[number] => ({
  grant: `G-${delegate}`,
  delegator,
  delegate,
  actions: ['execute'],
  scope: 'workflow:w1',
  expires_at: '2026-12-01T00:00:00Z',
})
const GIVEN = [link(OWNER, HELPER), link(HELPER, AGENT)]
/** A value of its own in every member. */
const DENIED: Entry = {
  v: 1,
  id: '01KC0000000000000000000000',
  at: '2026-11-21T20:15:04.120Z',
  kind: 'evaluation',
  subject: HELPER,
  actor: AGENT,
  caller: 'service:trips',
  action: 'execute',
  resource: 'workflow_item:w1-hotel',
  root: 'workflow:w1',
  owner: OWNER,
  decision: false,
  reasons: [
    { code: gateCodeSchema.parse('price_above_limit'), gate: 'price', limit: 4101, actual: 4202, currency: 'EUR' },
  ],
  chain: GIVEN,
  attributes: { 'planned_price.EUR': 4202, risk: 73 },
  policy: 'travel@0',
  salt: 'salt-of-the-entry',
  round_trips: 2,
  latency_ms: 1.234,
}
const { actor: _actor, ...inPerson } = { ...DENIED, subject: STRANGER, chain: [], attributes: {} }
const MISSED: Entry = { ...inPerson, reasons: [{ code: 'grant_revoked', grant: 'G-p' }] }
const NOTHING: Entry = {
  ...inPerson,
  id: MISSED.id,
  resource: 'workflow_item:~AAAAAAAAAAAAAAAAAAAAAA',
  reasons: [{ code: 'resource_unknown' }],
}
delete (NOTHING as { owner?: string }).owner
delete (NOTHING as { root?: string }).root

describe('who stands how', () => {
  test.for([
    ['an auditor', AUDITOR, DENIED, 'entitled'],
    ['the owner in person', person(OWNER), DENIED, 'entitled'],
    ['an agent of the owner', { seesAll: false, parties: [OWNER, AGENT], inPerson: false }, MISSED, 'party'],
    ['a delegate', person(HELPER), DENIED, 'party'],
    ['the agent that acted', person(AGENT), DENIED, 'party'],
    ['who was denied for having nothing', person(STRANGER), MISSED, 'stranger'],
    ['who held what is over', person(STRANGER), { ...MISSED, broken: [link(OWNER, STRANGER)] }, 'party'],
    ['who was permitted by a domain’s own rules', person(STRANGER), { ...NOTHING, decision: true }, 'party'],
    ['a party to a change', person(STRANGER), { ...MISSED, kind: 'grant_issued' }, 'entitled'],
  ] as const)('%s', ([, reader, entry, standing]) => {
    expect(standingOf(entry as Entry, reader)).toBe(standing)
  })
})

describe('what each is shown', () => {
  test('the entitled see the entry itself', () => {
    expect(disclose(DENIED, AUDITOR)).toBe(DENIED)
    expect(disclose(DENIED, person(OWNER))).toBe(DENIED)
  })

  test('a party sees why and by which chain, and no figure', () => {
    const { withheld, ...shown } = disclose(DENIED, person(HELPER))
    expect(JSON.stringify(shown)).not.toMatch(/4101|4202|73|salt-of/u)
    expect(shown).toMatchObject({
      owner: OWNER,
      chain: GIVEN,
      reasons: [{ code: gateCodeSchema.parse('price_above_limit'), gate: 'price' }],
    })
    expect(withheld).toEqual(['attributes', 'reasons', 'salt'])
  })

  test('an entry without figures is whole for its parties, so that they can prove it', () => {
    const permit: Entry = { ...DENIED, decision: true, reasons: [{ code: 'delegated' }], attributes: {} }
    expect(disclose(permit, person(HELPER))).toBe(permit)
  })

  test('to a stranger a thing of another’s and a thing that does not exist are the same, to the letter', () => {
    expect(disclose(MISSED, person(STRANGER))).toEqual(disclose(NOTHING, person(STRANGER)))
    expect(JSON.stringify(disclose(MISSED, person(STRANGER)))).not.toMatch(/p_owner|w1|grant_revoked|"G-p"|salt-of/u)
  })

  test('an agent that no chain names is not told of personas, by whatever token it asks', () => {
    const asked = (codes: readonly string[], persona: string) =>
      ({ ...NOTHING, actor: AGENT, persona, reasons: codes.map((one) => ({ code: one })) }) as Entry
    const agent = { seesAll: false, parties: [AGENT], inPerson: false }
    for (const reader of [agent, { ...agent, parties: [STRANGER, AGENT] }]) {
      const held = disclose(asked(['no_grant'], 'traveler/family'), reader)
      expect(disclose(asked(['persona_unknown', 'no_grant'], '~AAAAAAAAAAAAAAAAAAAAAA'), reader)).toEqual(held)
      expect(disclose(asked(['persona_unusable', 'persona_action', 'resource_unknown'], 'x/y'), reader)).toEqual(held)
      expect(held.withheld).toContain('persona')
    }
    const named = { ...asked(['persona_unusable'], 'traveler/family'), chain: [link(OWNER, AGENT)] }
    expect(disclose(named, agent)).toMatchObject({
      persona: 'traveler/family',
      reasons: [{ code: 'persona_unusable' }],
    })
  })

  test('an owner’s account is hidden from others and not from them', () => {
    const id = 'p_AAAAAAAAAAAAAAAAAAAAAA'
    for (const kind of ['search', 'evaluation'] as const) {
      const account = { ...NOTHING, kind, resource: `travel_account:${id}` }
      expect(disclose(account, person(`user:${id}`)).resource).toBe(account.resource)
      expect(disclose(account, person(HELPER)).resource).toBe('travel_account:~')
    }
  })

  test('a search, and what was refused, looked nothing up: they are whole for whoever asked', () => {
    for (const kind of ['search', 'refused', 'fault'] as const) {
      const entry = { ...NOTHING, kind }
      expect(disclose(entry, person(STRANGER))).toBe(entry)
    }
  })
})

const party = fc.constantFrom(OWNER, HELPER, STRANGER, AGENT)
const links = fc.array(
  fc.tuple(party, party).map(([from, to]) => link(from, to)),
  { maxLength: 2 },
)
const code = fc.constantFrom<DecisionCode>(
  'no_grant',
  'grant_revoked',
  'resource_unknown',
  gateCodeSchema.parse('price_above_limit'),
)
const thing = fc.constantFrom('workflow:w1', 'workflow:~', 'workflow:~AAAAAAAAAAAAAAAAAAAAAA', 'workflow_item:w1-hotel')
const anEntry: fc.Arbitrary<Entry> = fc
  .record(
    {
      kind: fc.constantFrom(...ENTRY_KINDS),
      subject: party,
      owner: party,
      actor: party,
      decision: fc.boolean(),
      resource: thing,
      root: thing,
      chain: links,
      broken: links,
      reasons: fc.array(fc.record({ code, grant: fc.constantFrom('G1', 'G2') }, { requiredKeys: ['code'] }), {
        maxLength: 2,
      }),
    },
    { requiredKeys: ['kind'] },
  )
  .map((members) => ({ v: 1 as const, id: DENIED.id, at: DENIED.at, ...members }))
const aFilter: fc.Arbitrary<DecisionFilter> = fc.record(
  { reason: code, resource: thing, under: thing, decision: fc.boolean(), subject: party, grant: fc.constant('G1') },
  { requiredKeys: [] },
)

test('a filter finds for a party what they see, and by nothing that they do not', () => {
  fc.assert(
    fc.property(anEntry, aFilter, party, (entry, filter, reader) => {
      const isTheirs = entryMatches(entry, {}, reader)
      const isSeen = entryMatches(disclose(entry, person(reader)), filter)
      expect(entryMatches(entry, filter, reader)).toBe(isTheirs && isSeen)
    }),
    { numRuns: 2_000 },
  )
})

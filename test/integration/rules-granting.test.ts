/**
 * Granting: rules C2 to C6, at their edges.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { refusal, useSuite } from '../fixtures/suite.ts'
import type { GrantStep } from '../fixtures/world.ts'

const DAY = 86_400
const suite = useSuite()
const TO_B = { from: 'A', to: 'B', actions: ['read'] } as const
const limit = (amount: number, currency = 'EUR') => ({ attribute: 'planned_price', at_most: amount, currency })

describe('C2: who may give', () => {
  test('the owner in another persona of theirs is no owner', async () => {
    await suite.world.take('A', 'traveler/other')
    expect(refusal(await suite.world.grant({ ...TO_B, persona: 'traveler/other' }))).toEqual([403, 'not_owner'])
  })

  test.for([
    ['suspended', 'suspended'],
    ['inactive', 'inactive'],
    ['revoked', 'revoked'],
  ] as const)('a persona that is %s gives nothing', async ([, status]) => {
    await suite.world.personaStatus('A', 'traveler/family', status)
    expect(refusal(await suite.world.grant(TO_B))).toEqual([403, 'grant_persona'])
  })

  test('a persona that one does not hold gives nothing', async () => {
    expect(refusal(await suite.world.grant({ ...TO_B, persona: 'traveler/nowhere' }))).toEqual([403, 'grant_persona'])
    const { world } = suite
    const body = { delegate: world.ref('B'), actions: ['read'], scope: world.scope('T') }
    expect(refusal(await world.call('POST', '/v1/grants', world.as('A'), body))).toEqual([403, 'grant_persona'])
  })

  test('a parent is one that the delegator was given: of any other one nothing is learned', async () => {
    await suite.give({ ...TO_B, name: 'ab', redelegations: 1 })
    expect(refusal(await suite.world.grant({ from: 'S', to: 'C', actions: ['read'], parent: 'ab' }))).toEqual([
      404,
      'grant_unknown',
    ])
    const nowhere = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
    expect(refusal(await suite.world.grant({ from: 'B', to: 'C', actions: ['read'], parent: nowhere }))).toEqual([
      404,
      'grant_unknown',
    ])
  })

  test('the owner names no parent of theirs: the delegate does', async () => {
    await suite.give({ ...TO_B, name: 'ab', redelegations: 1 })
    expect(refusal(await suite.world.grant({ from: 'A', to: 'C', actions: ['read'], parent: 'ab' }))).toEqual([
      404,
      'grant_unknown',
    ])
  })
})

describe('C3: a child is an attenuation', () => {
  const PARENT = {
    name: 'ab',
    from: 'A',
    to: 'B',
    actions: ['read', 'execute'],
    redelegations: 2,
    days: 2,
    limits: [limit(100_00)],
  } as const
  const CHILD = { from: 'B', to: 'C', actions: ['read'], parent: 'ab', limits: [limit(100_00)] } as const

  test.for<readonly [string, Partial<GrantStep>]>([
    ['everything as wide as the parent', { actions: ['read', 'execute'], days: 2, redelegations: 1 }],
    ['nothing said of its end: the parent`s', {}],
    ['one item of the trip', { on: 'T/flight' }],
    ['a tighter limit', { limits: [limit(99_99)] }],
    ['one limit more', { limits: [limit(100_00), { attribute: 'risk', at_most: 1 }] }],
  ])('%s is within', async ([, child]) => {
    await suite.give(PARENT)
    const { status, body } = await suite.world.grant({ ...CHILD, ...child })
    expect(status, JSON.stringify(body)).toBe(201)
    expect(Date.parse(body.expires_at)).toBe(suite.tpdp.now() + 2 * DAY * 1000)
  })

  test.for<readonly [string, Partial<GrantStep>]>([
    ['expires_at', { seconds: 2 * DAY + 1 }],
    ['actions', { actions: ['read', 'update'] }],
    ['redelegations', { redelegations: 2 }],
    ['limits', { limits: [limit(100_01)] }],
    ['limits', { limits: [] }],
    ['limits', { limits: [limit(100_00, 'USD')] }],
    ['limits', { limits: [{ attribute: 'planned_price', at_least: 0, currency: 'EUR' }] }],
    ['scope', { on: 'all:travel' }],
    ['scope', { on: 'T2' }],
    ['scope', { on: 'workflow:no-such-trip' }],
  ])('a wider %s is refused by name', async ([field, child]) => {
    await suite.world.trip('T2', 'A', 'traveler/family')
    await suite.give(PARENT)
    expect(refusal(await suite.world.grant({ ...CHILD, ...child }))).toEqual([403, 'grant_widened', field])
  })

  test('below one item there is neither another item nor the trip', async () => {
    await suite.give({ ...PARENT, on: 'T/flight' })
    for (const on of ['T', 'T/hotel'])
      expect(refusal(await suite.world.grant({ ...CHILD, on }))).toEqual([403, 'grant_widened', 'scope'])
    await suite.give({ ...CHILD, on: 'T/flight' })
  })

  test("below all of the owner's there is any one of them, and nothing of another persona's", async () => {
    const { world } = suite
    await world.take('A', 'traveler/other')
    await world.trip('O', 'A', 'traveler/other')
    await suite.give({ ...PARENT, on: 'all:travel' })
    await suite.give({ ...CHILD, on: 'T' })
    await suite.give({ ...CHILD, on: 'T/hotel' })
    await suite.give({ ...CHILD, on: 'all:travel' })
    expect(refusal(await world.grant({ ...CHILD, on: 'O' }))).toEqual([403, 'grant_widened', 'scope'])
    expect(await suite.codes({ subject: 'C', action: 'read', trip: 'O' })).toEqual(['grant_scope'])
  })
})

describe('C5: bounds of a chain', () => {
  test.for([
    [59, 422],
    [60, 201],
    [365 * DAY, 201],
    [365 * DAY + 1, 422],
  ] as const)('a life of %i seconds: %i', async ([seconds, status]) => {
    expect((await suite.world.grant({ ...TO_B, seconds })).status).toBe(status)
  })

  test('a grant is dead at the very second it expires, not after it', async () => {
    await suite.give({ ...TO_B, seconds: 60 })
    suite.tpdp.advance(59_999)
    expect(await suite.codes({ subject: 'B', action: 'read' })).toEqual(['delegated'])
    suite.tpdp.advance(1)
    expect(await suite.codes({ subject: 'B', action: 'read' })).toEqual(['grant_expired'])
  })

  test('an expired parent has no children', async () => {
    await suite.give({ ...TO_B, name: 'ab', seconds: 60, redelegations: 1 })
    suite.tpdp.advance(60_000)
    expect(refusal(await suite.world.grant({ from: 'B', to: 'C', actions: ['read'], parent: 'ab' }))).toEqual([
      403,
      'grant_not_redelegable',
    ])
  })

  test('of several things that are wrong the first in the order of the rule is told', async () => {
    const { world } = suite
    const wide = { from: 'B', to: 'A', actions: ['update'], persona: 'traveler/nowhere' } as const
    await suite.give({ ...TO_B, name: 'ended', redelegations: 0, actions: ['execute'] })
    await world.revoke('ended', 'A')
    await suite.give({ ...TO_B, name: 'still', redelegations: 0 })
    await suite.give({ ...TO_B, name: 'g1', redelegations: 9, actions: ['read', 'create'] })
    await suite.give({ from: 'B', to: 'C', name: 'g2', parent: 'g1', redelegations: 8, actions: ['read'] })
    await suite.give({ from: 'C', to: 'D', name: 'g3', parent: 'g2', redelegations: 7, actions: ['read'] })
    await suite.give({ from: 'D', to: 'M', name: 'g4', parent: 'g3', redelegations: 6, actions: ['read'] })
    await suite.give({ from: 'M', to: 'M2', name: 'g5', parent: 'g4', redelegations: 5, actions: ['read'] })
    const told = async (grant: GrantStep) => (await world.grant(grant)).body.code
    expect(await told({ ...wide, parent: 'ended' })).toBe('grant_not_redelegable')
    expect(await told({ ...wide, parent: 'still' })).toBe('grant_not_redelegable')
    expect(await told({ ...wide, parent: 'g1' })).toBe('grant_persona')
    expect(await told({ from: 'M2', to: 'A', actions: ['update'], parent: 'g5' })).toBe('chain_depth')
    expect(await told({ from: 'M', to: 'A', actions: ['update'], parent: 'g4' })).toBe('chain_cycle')
    expect(await told({ from: 'M', to: 'S', actions: ['update'], parent: 'g4' })).toBe('grant_widened')
  })
})

describe('C6: delegates and twins', () => {
  test('somebody who signed in and holds no persona is unknown as a delegate', async () => {
    const { world } = suite
    await world.call('GET', '/v1/grants', { sub: world.id('Z'), azp: 'desktop' })
    expect(refusal(await world.grant({ ...TO_B, to: `user:${world.id('Z')}` }))).toEqual([404, 'delegate_unknown'])
  })

  test('the same grant again is 409 and names the live one; anything else beside it is another grant', async () => {
    const id = await suite.give(TO_B)
    const again = await suite.world.grant(TO_B)
    expect(refusal(again)).toEqual([409, 'grant_exists'])
    expect(again.body.grant).toBe(id)
    await suite.give({ ...TO_B, actions: ['read', 'update'] })
    await suite.give({ ...TO_B, limits: [limit(1)] })
    await suite.give({ ...TO_B, on: 'T/hotel' })
    await suite.give({ ...TO_B, to: 'C' })
  })

  test('an ended twin is in nobody`s way', async () => {
    await suite.give({ ...TO_B, seconds: 60 })
    suite.tpdp.advance(60_000)
    await suite.give({ ...TO_B, name: 'second' })
    await suite.world.revoke('second', 'B')
    await suite.give(TO_B)
  })
})

/**
 * Owning and using: rules B1 to B3 and D1 to D3, at their edges.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { TRIPS } from '../fixtures/pdp.ts'
import { useSuite } from '../fixtures/suite.ts'

const suite = useSuite()
const FLIGHT = { action: 'execute', item: 'flight' } as const
const limit = (amount: number, currency = 'EUR') => ({ attribute: 'planned_price', at_most: amount, currency })

describe('B: owning', () => {
  test('B1: registering the same again is no change; another owner, persona or parent is 409', async () => {
    const { world } = suite
    const path = `/v1/resources/${world.scope('T').replace(':', '/')}`
    const put = (body: unknown, at = path) => world.call('PUT', at, TRIPS, body)
    const mine = { owner: world.ref('A'), owner_persona: 'traveler/family' }
    expect((await put(mine)).status).toBe(200)
    expect((await put({ ...mine, owner: world.ref('D') })).status).toBe(409)
    await world.take('A', 'traveler/other')
    expect((await put({ ...mine, owner_persona: 'traveler/other' })).status).toBe(409)
    await world.trip('T2', 'A', 'traveler/family')
    const item = `/v1/resources/workflow_item/${world.named.get('T')}-flight`
    expect((await put({ parent: world.scope('T2') }, item)).status).toBe(409)
    expect((await put({ parent: world.scope('T') }, item)).status).toBe(200)
  })

  test('B1: a trip that is registered anew belongs to its new owner alone, with all its items', async () => {
    const { world, tpdp } = suite
    await suite.give({ from: 'A', to: 'B', actions: ['execute'] })
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], on: 'T/hotel' })
    const path = `/v1/resources/${world.scope('T').replace(':', '/')}`
    expect((await world.call('DELETE', path, TRIPS)).status).toBe(204)
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['resource_unknown'])
    await world.call('PUT', path, TRIPS, { owner: world.ref('D'), owner_persona: 'traveler/family' })
    // A process that remembers nothing yet must not take an item's hint for a fact either.
    await tpdp.restart()
    expect(await suite.codes({ subject: 'D', ...FLIGHT })).toEqual(['owner'])
    expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['no_grant'])
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['no_grant'])
    await world.call('DELETE', path, TRIPS)
    await world.call('PUT', path, TRIPS, { owner: world.ref('A'), owner_persona: 'traveler/family' })
    expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['owner'])
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['grant_scope'])
  })

  test('B3: a delegate creates by a grant on all of the owner`s, and the new thing has the giver`s persona', async () => {
    const { world } = suite
    await suite.give({ from: 'A', to: 'B', actions: ['create'], on: 'T' })
    expect(await suite.codes({ subject: 'B', action: 'create', account: 'A' })).toEqual(['grant_scope'])
    await world.take('A', 'business-traveler/acme')
    await suite.give({ from: 'A', to: 'B', actions: ['create'], on: 'all:travel', persona: 'business-traveler/acme' })
    const { body } = await world.ask({ subject: 'B', action: 'create', account: 'A' })
    expect(body.decision).toBe(true)
    expect(body.context).toMatchObject({ owner: world.ref('A'), owner_persona: 'business-traveler/acme' })
    const own = await world.ask({ subject: 'A', action: 'create', account: 'A' })
    expect(own.body.context).toMatchObject({ reason: 'owner', owner: world.ref('A'), owner_persona: 'traveler/family' })
    expect(await suite.codes({ subject: 'B', action: 'create', account: 'S' })).toEqual(['no_grant'])
  })

  test('B3: create is asked of an account, everything else is not', async () => {
    const { world } = suite
    const question = world.question({ subject: 'A', action: 'create' })
    const ask = async (change: object) =>
      (await world.call('POST', '/access/v1/evaluation', TRIPS, { ...question, ...change })).body.context.reason
    expect(await ask({ resource: { type: 'workflow', id: world.named.get('T') } })).toBe('action_unknown')
    expect(await ask({ action: { name: 'read' } })).toBe('action_unknown')
  })
})

describe('D1: what makes a chain good', () => {
  test('a grant on one item covers that item, not its trip and not its sister', async () => {
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], on: 'T/flight' })
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['delegated'])
    expect(await suite.codes({ subject: 'B', action: 'execute', item: 'hotel' })).toEqual(['grant_scope'])
    expect(await suite.codes({ subject: 'B', action: 'read' })).toEqual(['grant_scope'])
  })

  test('a grant on all of the owner`s covers what was created under the same persona', async () => {
    const { world } = suite
    await world.take('A', 'traveler/other')
    await world.trip('O', 'A', 'traveler/other')
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], on: 'all:travel' })
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['delegated'])
    expect(await suite.codes({ subject: 'B', ...FLIGHT, trip: 'O' })).toEqual(['grant_scope'])
  })

  test('a title that is asked for is satisfied by any circle, title/circle by that one alone', async () => {
    const { world } = suite
    await world.persona('B', 'travel-agent/other')
    await suite.give({ name: 'any', from: 'A', to: 'B', actions: ['execute'], delegate_persona: 'travel-agent' })
    await suite.give({ from: 'A', to: 'B', actions: ['read', 'update'], delegate_persona: 'travel-agent/acme' })
    const as = (persona: string, action: string) => suite.codes({ subject: 'B', persona, action })
    expect(await as('travel-agent/acme', 'execute')).toEqual(['delegated'])
    expect(await as('travel-agent/other', 'execute')).toEqual(['delegated'])
    expect(await as('travel-agent/acme', 'update')).toEqual(['delegated'])
    await world.revoke('any', 'A')
    expect(await as('travel-agent/other', 'update')).toEqual(['grant_persona'])
  })
})

describe('D2: one good chain is enough', () => {
  test('of equally short chains the one that lives longest is reported, then the lowest id', async () => {
    const chainGrant = async () => (await suite.world.ask({ subject: 'B', action: 'read' })).body.context.chain[0].grant
    const first = await suite.give({ from: 'A', to: 'B', actions: ['read'], days: 2 })
    await suite.give({ from: 'A', to: 'B', actions: ['read', 'update'], days: 2 })
    expect(await chainGrant()).toBe(first)
    const longer = await suite.give({ from: 'A', to: 'B', actions: ['read', 'execute'], days: 3 })
    expect(await chainGrant()).toBe(longer)
    await suite.tpdp.restart()
    expect(await chainGrant()).toBe(longer)
  })

  test.for(['suspended', 'revoked', 'expired', 'limited'] as const)(
    'a chain that is %s hides no good one',
    async (bad) => {
      const { world } = suite
      await suite.give({
        name: 'am',
        from: 'A',
        to: 'M2',
        actions: ['execute'],
        redelegations: 1,
        ...(bad === 'expired' ? { seconds: 60 } : {}),
      })
      await suite.give({
        name: 'mb',
        from: 'M2',
        to: 'B',
        actions: ['execute'],
        parent: 'am',
        ...(bad === 'limited' ? { limits: [limit(1)] } : {}),
      })
      await suite.give({ name: 'ac', from: 'A', to: 'C', actions: ['execute'], redelegations: 2 })
      await suite.give({ name: 'cd', from: 'C', to: 'D', actions: ['execute'], redelegations: 1, parent: 'ac' })
      await suite.give({ from: 'D', to: 'B', actions: ['execute'], parent: 'cd' })
      if (bad === 'suspended') await world.personaStatus('M2', 'travel-agent/acme', 'suspended')
      if (bad === 'revoked') await world.revoke('am', 'A')
      if (bad === 'expired') suite.tpdp.advance(60_000)
      expect(await suite.chain({ subject: 'B', ...FLIGHT })).toEqual(['A', 'C', 'D', 'B'])
    },
  )

  test('authority is not put together from several chains', async () => {
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], limits: [limit(1)] })
    await suite.give({ from: 'A', to: 'B', actions: ['update'] })
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['grant_limit'])
  })

  test('forty bad chains hide no good one', async () => {
    for (let risk = 1; risk <= 40; risk += 1)
      await suite.give({ from: 'A', to: 'B', actions: ['execute'], limits: [limit(risk)] })
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['grant_limit'])
    await suite.give({ name: 'am', from: 'A', to: 'M2', actions: ['execute'], redelegations: 1 })
    await suite.give({ from: 'M2', to: 'B', actions: ['execute'], parent: 'am' })
    expect(await suite.chain({ subject: 'B', ...FLIGHT })).toEqual(['A', 'M2', 'B'])
  })
})

describe('D3: limits bind whoever uses the chain', () => {
  const atPrice = (amount: unknown, currency: unknown = 'EUR') => ({ planned_price: { amount, currency } })

  test.for<readonly [string, Readonly<Record<string, unknown>>, readonly string[]]>([
    ['the limit itself', atPrice(100_00), ['delegated']],
    ['one cent more', atPrice(100_01), ['grant_limit']],
    ['nothing', atPrice(0), ['delegated']],
    ['less than nothing', atPrice(-1), ['attribute_invalid']],
    ['fractions of a cent', atPrice(99.5), ['attribute_invalid']],
    ['text', atPrice('1'), ['attribute_invalid']],
    ['another currency', atPrice(1, 'USD'), ['attribute_invalid']],
    ['a currency in small letters', atPrice(1, 'eur'), ['attribute_invalid']],
    ['no currency', { planned_price: { amount: 1 } }, ['attribute_invalid']],
    ['a bare number', { planned_price: 1 }, ['attribute_invalid']],
    ['null', { planned_price: null }, ['attribute_invalid']],
    ['beyond what is exact', atPrice(2 ** 53), ['attribute_invalid']],
  ])('%s', async ([, attributes, codes]) => {
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], limits: [limit(100_00)] })
    expect(await suite.codes({ subject: 'B', ...FLIGHT, attributes })).toEqual(codes)
  })

  test('every link`s limit binds, and each that is broken is named', async () => {
    await suite.give({
      name: 'ab',
      from: 'A',
      to: 'B',
      actions: ['execute'],
      redelegations: 1,
      limits: [limit(200_00)],
    })
    await suite.give({ from: 'B', to: 'C', actions: ['execute'], parent: 'ab', limits: [limit(100_00)] })
    const price = (amount: number) => suite.codes({ subject: 'C', ...FLIGHT, attributes: atPrice(amount) })
    expect(await price(100_00)).toEqual(['delegated'])
    expect(await price(200_00)).toEqual(['grant_limit'])
    expect(await price(200_01)).toEqual(['grant_limit', 'grant_limit'])
  })

  test('a lead time is counted to the second', async () => {
    const { world, tpdp } = suite
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], limits: [{ attribute: 'starts_at', at_least: 3600 }] })
    const startsIn = (seconds: number) => ({ starts_at: new Date(tpdp.now() + seconds * 1000).toISOString() })
    expect(await suite.codes({ subject: 'B', ...FLIGHT, attributes: startsIn(3600) })).toEqual(['delegated'])
    expect(await suite.codes({ subject: 'B', ...FLIGHT, attributes: startsIn(3599) })).toEqual(['grant_limit'])
    for (const starts_at of ['soon', 4_102_444_800, '2999-01-01', '2999-13-01T00:00:00Z', null]) {
      const { body } = await world.ask({ subject: 'B', ...FLIGHT, attributes: { starts_at } })
      expect(body.context.reasons, String(starts_at)).toMatchObject([
        { code: 'attribute_invalid', attribute: 'starts_at' },
      ])
    }
  })

  test('limits bind what the manifest says is limited, and nothing else', async () => {
    await suite.give({ from: 'A', to: 'B', actions: ['read', 'update', 'execute'], limits: [limit(0)] })
    expect(await suite.codes({ subject: 'B', action: 'update', item: 'hotel' })).toEqual(['delegated'])
    expect(await suite.codes({ subject: 'B', action: 'read' })).toEqual(['delegated'])
  })
})

/**
 * Ending and agents: rules E1 to E3 and G1 to G3, at their edges.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, refusal, useSuite } from '../fixtures/suite.ts'

const suite = useSuite()
const FLIGHT = { action: 'execute', item: 'flight' } as const
const GONE = [404, 'grant_unknown']

/** A→B→C→D. */
async function chainToD(): Promise<void> {
  await suite.give({ name: 'ab', from: 'A', to: 'B', actions: ['execute'], redelegations: 2 })
  await suite.give({ name: 'bc', from: 'B', to: 'C', actions: ['execute'], redelegations: 1, parent: 'ab' })
  await suite.give({ name: 'cd', from: 'C', to: 'D', actions: ['execute'], parent: 'bc' })
}

describe('E1: who may end a grant', () => {
  test('whoever stands above it may, whoever stands below or aside may not', async () => {
    await chainToD()
    const { world } = suite
    for (const [grant, by] of [
      ['ab', 'C'],
      ['ab', 'D'],
      ['bc', 'D'],
      ['cd', 'S'],
      ['cd', 'X'],
    ] as const)
      expect(refusal(await world.revoke(grant, by)), `${by} revokes ${grant}`).toEqual(GONE)
    expect((await world.revoke('cd', 'B')).body.revoked_by).toBe(world.ref('B'))
    expect(await suite.codes({ subject: 'D', ...FLIGHT })).toEqual(['grant_revoked'])
    expect(await suite.codes({ subject: 'C', ...FLIGHT })).toEqual(['delegated'])
  })

  test('an auditor, an operator and the domain`s service end nothing', async () => {
    await chainToD()
    const { world } = suite
    const end = (as: typeof TRIPS) => world.call('POST', `/v1/grants/${world.named.get('ab')}/revoke`, as, {})
    expect(refusal(await end({ ...AUDITOR }))).toEqual(GONE)
    expect(refusal(await end(world.staff('operator')))).toEqual(GONE)
    expect(refusal(await end(TRIPS))).toEqual([403, 'in_person_only'])
    expect(await suite.codes({ subject: 'D', ...FLIGHT })).toEqual(['delegated'])
  })

  test('an agent renounces what it holds, with its own token', async () => {
    const { world } = suite
    await suite.give({ name: 'ax', from: 'A', to: 'X', actions: ['execute'], unattended: true })
    expect(refusal(await world.revoke('ax', 'X2'))).toEqual(GONE)
    expect((await world.revoke('ax', 'X')).body).toMatchObject({ status: 'revoked', revoked_by: world.ref('X') })
    expect(await suite.codes({ subject: 'X', ...FLIGHT })).toEqual(['grant_revoked'])
  })
})

describe('E2: an end is an end', () => {
  test('revoking any link ends all below it, at once and for everybody', async () => {
    await chainToD()
    expect(await suite.chain({ subject: 'D', ...FLIGHT })).toEqual(['A', 'B', 'C', 'D'])
    await suite.world.revoke('bc', 'B')
    expect(await suite.codes({ subject: 'D', ...FLIGHT })).toEqual(['grant_revoked'])
    expect(await suite.codes({ subject: 'C', ...FLIGHT })).toEqual(['grant_revoked'])
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['delegated'])
  })

  test('revoking twice is 200 with the first instant, whoever asks second', async () => {
    await chainToD()
    const { world, tpdp } = suite
    const first = await world.revoke('ab', 'A')
    tpdp.advance(5_000)
    const second = await world.revoke('ab', 'B')
    expect(second.status).toBe(200)
    expect(second.body).toEqual(first.body)
  })

  test('a revoked grant has no new children, and an ended one is not given on', async () => {
    await chainToD()
    await suite.world.revoke('ab', 'A')
    expect(refusal(await suite.world.grant({ from: 'C', to: 'S', actions: ['read'], parent: 'bc' }))).toEqual([
      403,
      'grant_not_redelegable',
    ])
  })
})

describe('E3: nothing is lost', () => {
  test('an ended grant stays readable to its parties and to auditors', async () => {
    await chainToD()
    const { world } = suite
    await world.revoke('bc', 'B')
    const read = async (grant: string, as: typeof TRIPS) =>
      (await world.call('GET', `/v1/grants/${world.named.get(grant)}`, as)).body.status
    for (const name of ['A', 'B', 'C']) expect(await read('bc', world.as(name)), name).toBe('revoked')
    expect(await read('cd', world.as('D'))).toBe('cut')
    expect(await read('bc', { ...AUDITOR })).toBe('revoked')
    expect(await read('bc', world.as('D'))).toBe(404)
  })

  test('a list has what is in force, and all with include=ended', async () => {
    await chainToD()
    const { world } = suite
    await world.revoke('bc', 'B')
    const list = async (by: string, query: string) =>
      (await world.call('GET', `/v1/grants?${query}`, world.as(by))).body.items.map(
        (grant: { readonly status: string }) => grant.status,
      )
    expect(await list('C', 'delegate=me')).toEqual([])
    expect(await list('C', 'delegate=me&include=ended')).toEqual(['revoked'])
    expect(await list('D', 'delegate=me')).toEqual([])
    expect(await list('D', 'delegate=me&include=ended')).toEqual(['cut'])
    expect(await list('A', 'owner=me')).toEqual(['live'])
  })

  test('a page is full, whatever lies between that is not shown', async () => {
    const { world } = suite
    for (const risk of [1, 2, 3]) {
      const limits = [{ attribute: 'risk', at_most: risk }]
      await suite.give({ from: 'A', to: 'C', actions: ['read'], limits, name: `live${risk}` })
      await suite.give({ name: `ab${risk}`, from: 'A', to: 'B', actions: ['read'], limits, redelegations: 1 })
      await suite.give({ from: 'B', to: 'C', actions: ['read'], limits, parent: `ab${risk}` })
      await world.revoke(`ab${risk}`, 'A')
    }
    const seen: string[] = []
    let cursor = ''
    do {
      const { body } = await world.call('GET', `/v1/grants?delegate=me&limit=1${cursor}`, world.as('C'))
      expect(body.items).toHaveLength(1)
      seen.push(body.items[0].id)
      cursor = body.next_cursor ? `&cursor=${body.next_cursor}` : ''
    } while (cursor)
    expect(seen).toEqual(['live3', 'live2', 'live1'].map((name) => world.named.get(name)))
  })
})

describe('G: agents', () => {
  test('G1: an agent is bound to the account of its first own token', async () => {
    const { world } = suite
    const own = { sub: 'account-1', azp: world.id('X'), svc: world.id('X') }
    expect((await world.call('GET', '/v1/grants', own)).status).toBe(200)
    expect((await world.call('GET', '/v1/grants', { ...own, sub: 'account-2' })).status).toBe(401)
    expect((await world.call('GET', '/v1/grants', own)).status).toBe(200)
    // The same account without the mark of a service is not a person either.
    const { svc: _svc, ...unmarked } = own
    expect((await world.call('GET', '/v1/grants', unmarked)).status).toBe(401)
  })

  test('G1: or to the one the operator named; suspending and resuming forgets it not', async () => {
    const { world } = suite
    const id = world.id('X9')
    const operator = world.staff('operator')
    expect((await world.call('POST', '/v1/agents', operator, { id, service_sub: 'account-9' })).status).toBe(201)
    expect((await world.call('POST', '/v1/agents', operator, { id })).status).toBe(409)
    for (const status of ['suspended', 'active'])
      expect((await world.call('PATCH', `/v1/agents/${id}`, operator, { status })).body.status).toBe(status)
    const as = (sub: string) => world.call('GET', '/v1/grants', { sub, azp: id, svc: id })
    expect((await as('account-1')).status).toBe(401)
    expect((await as('account-9')).status).toBe(200)
  })

  test('G1: a suspended agent does nothing, for nobody and by no chain', async () => {
    const { world } = suite
    await suite.give({ from: 'A', to: 'X', actions: ['execute'], unattended: true })
    await world.call('PATCH', `/v1/agents/${world.id('X')}`, world.staff('operator'), { status: 'suspended' })
    expect(await suite.codes({ subject: 'X', ...FLIGHT })).toEqual(['agent_suspended'])
    expect(await suite.codes({ subject: 'A', actor: 'X', ...FLIGHT })).toEqual(['agent_suspended'])
    expect(await suite.codes({ subject: 'S', actor: 'X', ...FLIGHT })).toEqual(['agent_suspended', 'not_on_behalf'])
    expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['owner'])
  })

  test('G1: agents are the operators` to register, suspend and list', async () => {
    const { world } = suite
    const callers = [world.as('A'), world.staff('auditor'), world.staff('persona-admin'), world.as('X'), TRIPS]
    for (const caller of callers) {
      expect(refusal(await world.call('POST', '/v1/agents', caller, { id: 'new' }))).toEqual([403, 'forbidden'])
      expect(
        refusal(await world.call('PATCH', `/v1/agents/${world.id('X')}`, caller, { status: 'suspended' })),
      ).toEqual([403, 'forbidden'])
    }
    expect((await world.call('GET', '/v1/agents', world.as('A'))).status).toBe(403)
    expect((await world.call('GET', '/v1/agents', world.staff('auditor'))).status).toBe(200)
    expect((await world.call('PATCH', '/v1/agents/nobody', world.staff('operator'), { status: 'active' })).status).toBe(
      404,
    )
  })

  test('G2: an agent passes on to agents only, unattended, under a parent, without a persona', async () => {
    const { world } = suite
    await suite.give({ name: 'ax', from: 'A', to: 'X', actions: ['execute'], unattended: true, redelegations: 1 })
    const child = { from: 'X', to: 'X2', actions: ['execute'], unattended: true, parent: 'ax' } as const
    const fields = async (change: object) => refusal(await world.grant({ ...child, ...change }))
    expect(await fields({ to: 'C' })).toEqual([422, 'grant_invalid', 'delegate'])
    expect(await fields({ unattended: false })).toEqual([422, 'grant_invalid', 'unattended'])
    expect(await fields({ delegate_persona: 'traveler' })).toEqual([422, 'grant_invalid', 'delegate_persona'])
    const { parent: _parent, ...orphan } = child
    expect(refusal(await world.grant(orphan))).toEqual([422, 'grant_invalid', 'parent'])
    const body = {
      delegate: world.ref('X2'),
      delegator_persona: 'traveler/family',
      actions: ['execute'],
      unattended: true,
    }
    const named = { ...body, scope: world.scope('T'), parent: world.named.get('ax') }
    expect(refusal(await world.call('POST', '/v1/grants', world.as('X'), named))).toEqual([
      422,
      'grant_invalid',
      'delegator_persona',
    ])
    await suite.give(child)
    expect(await suite.chain({ subject: 'X2', ...FLIGHT })).toEqual(['A', 'X', 'X2'])
    expect(await suite.codes({ subject: 'A', actor: 'X2', ...FLIGHT })).toEqual(['not_on_behalf'])
  })

  test('C3: an attended agent makes no unattended one', async () => {
    await suite.give({ name: 'ax', from: 'A', to: 'X', actions: ['execute'], redelegations: 1 })
    const child = { from: 'X', to: 'X2', actions: ['execute'], unattended: true, parent: 'ax' } as const
    expect(refusal(await suite.world.grant(child))).toEqual([403, 'grant_widened', 'unattended'])
  })

  test('A3: for the person it acts for, in the persona they gave it in', async () => {
    const { world } = suite
    await world.persona('B', 'travel-agent/other')
    await suite.give({ name: 'ab', from: 'A', to: 'B', actions: ['execute'], redelegations: 1 })
    await suite.give({ from: 'B', to: 'X', actions: ['execute'], parent: 'ab', unattended: true })
    expect(await suite.chain({ subject: 'B', actor: 'X', ...FLIGHT })).toEqual(['A', 'B', 'X'])
    expect(await suite.codes({ subject: 'B', actor: 'X', persona: 'travel-agent/other', ...FLIGHT })).toEqual([
      'grant_persona',
    ])
    expect(await suite.codes({ subject: 'A', actor: 'X', ...FLIGHT })).toEqual(['not_on_behalf'])
    expect(await suite.chain({ subject: 'X', ...FLIGHT })).toEqual(['A', 'B', 'X'])
  })
})

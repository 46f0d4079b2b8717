/**
 * Personas and what their holders let agents do: rules F1 to F5, at their edges.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, refusal, useSuite } from '../fixtures/suite.ts'
import { AUTONOMY } from '../fixtures/world.ts'

const suite = useSuite()
const FLIGHT = { action: 'execute', item: 'flight' } as const
const X_FLIGHT = { subject: 'X', ...FLIGHT } as const

const inSeconds = (seconds: number): string => new Date(suite.tpdp.now() + seconds * 1000).toISOString()
const mine = (patch: unknown) => suite.world.patchPersona('A', 'traveler/family', patch)
const admins = (patch: unknown, name = 'A', persona = 'traveler/family') =>
  suite.world.patchPersona(name, persona, patch, suite.world.staff('persona-admin'))

describe('nobody makes a word the identifier of a person by naming it', () => {
  const word = (): string => `word${suite.world.tag}`
  const resource = (type: string, id: string) => ({ type, id })
  const about = (subject: string, thing = resource('workflow', '1'), properties: object = {}) => ({
    subject: { type: 'user', id: subject, properties },
    action: { name: 'create' },
    resource: thing,
  })
  const evaluation = '/access/v1/evaluation'
  const owner = () => ({ owner: `user:${word()}`, owner_persona: 'traveler/family' })
  const ofAgent = () => ({ act: { sub: suite.world.id('X') } })

  test.for<readonly [string, string, string, string, () => unknown]>([
    ['a stranger asks about it', 'S', 'POST', evaluation, () => about(word())],
    [
      'a stranger asks about its account',
      'S',
      'POST',
      evaluation,
      () => about(suite.world.id('S'), resource('travel_account', word())),
    ],
    ['an item of a batch', 'S', 'POST', `${evaluation}s`, () => ({ evaluations: [about(word()), { action: 1 }] })],
    [
      'a search',
      'S',
      'POST',
      '/access/v1/search/resource',
      () => ({ ...about(word()), resource: { type: 'workflow' } }),
    ],
    ['an agent asks for it', 'X', 'POST', evaluation, () => about(word(), undefined, ofAgent())],
    ['an owner', 'S', 'PUT', '/v1/resources/workflow/1', owner],
    ['an owner, named by the service', 'trips', 'PUT', '/v1/resources/workflow/1', owner],
    ['a transfer', 'S', 'POST', '/v1/resources/workflow/1/transfer', owner],
    [
      'a fact',
      'S',
      'POST',
      '/v1/facts',
      () => ({ domain: 'travel', write: [{ subject: { type: 'user', id: word() }, attributes: { a: 1 } }] }),
    ],
  ])('%s', async ([, name, method, path, body]) => {
    const { world } = suite
    const { status } = await world.call(method, path, name === 'trips' ? TRIPS : world.as(name), body())
    expect(status).toBeLessThan(500)
    const { status: taken } = await world.take('S', `traveler/${word()}`)
    expect(taken).toBe(201)
  })

  test('an agent whose id a stranger asked about stands in the log by its id', async () => {
    const { world } = suite
    await world.call('POST', evaluation, world.as('S'), about(world.id('X')))
    const { headers } = await world.ask({ subject: 'X', action: 'read' })
    const { body } = await world.call('GET', `/v1/decisions/${headers.get('x-evaluation-id')}`, AUDITOR)
    expect(body.subject).toBe(world.ref('X'))
  })

  test('whom nobody knows is the same one in every entry', async () => {
    const { world } = suite
    const subjects = [1, 2].map(async () => {
      const { headers } = await world.call('POST', evaluation, world.as('X'), about(word(), undefined, ofAgent()))
      return (await world.call('GET', `/v1/decisions/${headers.get('x-evaluation-id')}`, AUDITOR)).body.subject
    })
    const [first, second] = await Promise.all(subjects)
    expect(first).toMatch(/^user:p_[\w-]{22}$/u)
    expect(second).toBe(first)
  })
})

describe('F1: the life of a persona', () => {
  const WAYS = {
    active: [],
    inactive: ['inactive'],
    suspended: ['suspended'],
    revoked: ['revoked'],
  } as const
  const OWN: Readonly<Record<string, readonly string[]>> = {
    active: ['inactive', 'revoked'],
    inactive: ['active', 'revoked'],
    suspended: [],
    revoked: [],
  }
  const ADMINISTRATORS: Readonly<Record<string, readonly string[]>> = {
    active: ['suspended', 'revoked'],
    inactive: ['suspended', 'revoked'],
    suspended: ['active', 'revoked'],
    revoked: [],
  }

  test.for(Object.keys(WAYS) as (keyof typeof WAYS)[])(
    'from %s the holder and an administrator go as they may',
    async (from) => {
      for (const to of ['pending', 'active', 'inactive', 'suspended', 'revoked'] as const) {
        if (to === from) continue
        for (const [patch, allowed] of [
          [mine, OWN],
          [admins, ADMINISTRATORS],
        ] as const) {
          await suite.world.take('A', 'traveler/try')
          const id = suite.world.personaIds.get('A traveler/try') ?? ''
          suite.world.personaIds.set('A traveler/family', id)
          for (const status of WAYS[from]) await suite.world.personaStatus('A', 'traveler/try', status)
          const { status } = await patch({ status: to })
          expect(status, `${from} to ${to} by ${patch === mine ? 'the holder' : 'an administrator'}`).toBe(
            allowed[from]?.includes(to) ? 200 : 409,
          )
          await suite.world.patchPersona('A', 'traveler/try', { status: 'revoked' }, suite.world.staff('persona-admin'))
        }
      }
    },
  )

  test('a title that waits starts pending, and only an administrator lets it in', async () => {
    const { world } = suite
    const { body } = await world.take('S', 'travel-agent/acme')
    expect(body.status).toBe('pending')
    for (const status of ['active', 'inactive'])
      expect((await world.patchPersona('S', 'travel-agent/acme', { status })).status).toBe(409)
    const waiting = await world.call('GET', '/v1/personas?waiting=true', world.staff('persona-admin'))
    expect(waiting.body.items.map(({ id }: { readonly id: string }) => id)).toContain(body.id)
    expect((await world.call('GET', '/v1/personas?waiting=true', world.as('S'))).status).toBe(403)
    expect((await admins({ status: 'active' }, 'S', 'travel-agent/acme')).status).toBe(200)
  })

  test('whoever is suspended gets out of it neither by giving the persona up nor under another circle', async () => {
    const { world } = suite
    await world.take('A', 'traveler/work')
    await admins({ status: 'suspended' })
    for (const status of ['revoked', 'active', 'inactive'])
      expect(refusal(await mine({ status }))).toEqual([409, 'conflict'])
    for (const persona of ['traveler/family', 'traveler/elsewhere'])
      expect(refusal(await world.take('A', persona))).toEqual([409, 'conflict', 'title'])
    expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['persona_unusable'])
    // Other titles are not meant, nor what was held already.
    expect((await world.take('A', 'visitor/club')).status).toBe(201)
    expect((await world.patchPersona('A', 'traveler/work', { status: 'inactive' })).status).toBe(200)
    await admins({ status: 'active' })
    expect((await world.take('A', 'traveler/elsewhere')).status).toBe(201)
  })

  test('an administrator is the holder of their own personas, and no more', async () => {
    const { world } = suite
    const petra = world.staff('persona-admin')
    const call = async (method: string, path: string, body: unknown) => world.call(method, path, petra, body)
    const { id, status } = (await call('POST', '/v1/personas', { title: 'travel-agent', circle: 'acme' })).body
    expect(status).toBe('pending')
    const path = `/v1/personas/${id}`
    expect(refusal(await call('PATCH', path, { status: 'active' }))).toEqual([409, 'conflict'])
    expect(refusal(await call('PATCH', path, { valid_till: inSeconds(60) }))).toEqual([403, 'forbidden'])
    expect((await world.call('PATCH', path, { ...petra, sub: 'another' }, { status: 'active' })).status).toBe(200)
    await world.call('PATCH', path, { ...petra, sub: 'another' }, { status: 'suspended' })
    for (const to of ['active', 'revoked'])
      expect(refusal(await call('PATCH', path, { status: to }))).toEqual([409, 'conflict'])
    await world.call('PATCH', path, { ...petra, sub: 'another' }, { status: 'revoked' })
  })

  test('nobody changes, or sees, the persona of somebody else', async () => {
    const { world } = suite
    const path = `/v1/personas/${world.personaIds.get('A traveler/family')}`
    for (const as of [world.as('S'), world.staff('operator'), world.staff('auditor')])
      expect(refusal(await world.call('PATCH', path, as, { status: 'inactive' }))).toEqual([404, 'not_found'])
    const { body } = await world.call('GET', '/v1/personas', world.as('S'))
    expect(body.items.map(({ holder }: { readonly holder: string }) => holder)).toEqual([world.ref('S')])
  })

  test('its dates hold to the second: usable from the first, dead at the last', async () => {
    expect((await mine({ valid_from: inSeconds(10), valid_till: inSeconds(20) })).status).toBe(200)
    const at = async (ms: number) => {
      suite.tpdp.advance(ms)
      return suite.codes({ subject: 'A', ...FLIGHT })
    }
    expect(await at(9_999)).toEqual(['persona_unusable'])
    expect(await at(1)).toEqual(['owner'])
    expect(await at(9_999)).toEqual(['owner'])
    expect(await at(1)).toEqual(['persona_unusable'])
  })

  test.for([
    [{ valid_from: '2030-01-01T00:00:00Z', valid_till: '2030-01-01T00:00:00Z' }, 'valid_till'],
    [{ valid_till: '0000-01-01T00:00:00+14:00' }, 'valid_till'],
    [{ valid_from: '0000-01-01T00:00:00+14:00' }, 'valid_from'],
    [{ valid_till: '9999-12-31T23:59:59-12:00' }, 'valid_till'],
  ] as const)('dates that cannot be are 422: %o', async ([dates, field]) => {
    expect(refusal(await mine(dates))).toEqual([422, 'persona_invalid', field])
    expect(refusal(await suite.world.take('A', 'visitor/dated', dates))).toEqual([422, 'persona_invalid', field])
    await suite.tpdp.restart()
    expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['owner'])
  })

  test('the dates of a title that waits are the administrator`s', async () => {
    const { world } = suite
    expect((await world.patchPersona('B', 'travel-agent/acme', { valid_till: inSeconds(60) })).status).toBe(403)
    expect((await admins({ valid_till: inSeconds(60) }, 'B', 'travel-agent/acme')).status).toBe(200)
  })

  test('at most ten at a time, the revoked ones not counted', async () => {
    const { world } = suite
    for (let n = 1; n <= 9; n += 1) expect((await world.take('A', `visitor/c${n}`)).status).toBe(201)
    expect(refusal(await world.take('A', 'visitor/c10'))).toEqual([409, 'conflict'])
    await world.personaStatus('A', 'visitor/c1', 'revoked')
    expect((await world.take('A', 'visitor/c10')).status).toBe(201)
    expect(refusal(await world.take('B', 'travel-agent/acme'))).toEqual([409, 'conflict'])
  })

  test('a persona taken again is another one: nothing of the old one revives', async () => {
    const { world } = suite
    await suite.give({ from: 'A', to: 'B', actions: ['execute'] })
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], on: 'all:travel' })
    const old = world.personaIds.get('A traveler/family')
    await world.personaStatus('A', 'traveler/family', 'revoked')
    await world.persona('A', 'traveler/family')
    expect(world.personaIds.get('A traveler/family')).toBe(old?.replace(/\.1$/, '.2'))
    expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['persona_mismatch'])
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['owner_persona_unusable'])
    await world.trip('T2', 'A', 'traveler/family')
    expect(await suite.codes({ subject: 'A', ...FLIGHT, trip: 'T2' })).toEqual(['owner'])
    expect(await suite.codes({ subject: 'B', ...FLIGHT, trip: 'T2' })).toEqual(['grant_scope'])
  })
})

describe('F2: titles', () => {
  test.for([
    ['an unknown one', { title: 'pilot', circle: 'x' }, 422],
    ["one that is every object's", { title: 'constructor', circle: 'x' }, 422],
    ['none', { circle: 'x' }, 400],
    ['no circle', { title: 'traveler' }, 400],
    ['a circle with a dot', { title: 'traveler', circle: 'a.b' }, 400],
    ['a circle of 31 letters', { title: 'traveler', circle: 'a'.repeat(31) }, 400],
    ['a circle of 30 letters', { title: 'traveler', circle: 'a'.repeat(30) }, 201],
  ] as const)('%s', async ([, body, status]) => {
    expect((await suite.world.call('POST', '/v1/personas', suite.world.as('A'), body)).status).toBe(status)
  })
})

describe('F4: autonomy', () => {
  const { consent, limits } = AUTONOMY
  const { price, lead_time, risk } = limits

  test.for<readonly [string, unknown, number]>([
    ['consent with a limit missing', { consent, limits: { price, risk } }, 422],
    ['a gate nobody declared', { consent, limits: { ...limits, weight: { at_most: 1 } } }, 422],
    ['consent as if it were a limit', { consent, limits: { ...limits, consent: { at_most: 1 } } }, 422],
    ['the wrong side of a bound', { consent, limits: { price, lead_time, risk: { at_least: 1 } } }, 422],
    ['both sides', { consent, limits: { price, lead_time, risk: { at_most: 1, at_least: 1 } } }, 422],
    ['money without its currency', { consent, limits: { lead_time, risk, price: { at_most: 1 } } }, 422],
    ['half a cent', { consent, limits: { lead_time, risk, price: { at_most: 0.5, currency: 'EUR' } } }, 422],
    ['text', { consent, limits: { price, lead_time, risk: { at_most: '5' } } }, 400],
    ['consent in words', { consent: 'yes', limits }, 400],
    ['limits without consent', { consent: false, limits: { price } }, 200],
    ['nothing at all', { consent: false }, 200],
  ])('%s', async ([, autonomy, status]) => {
    expect((await mine({ autonomy })).status).toBe(status)
  })

  test('only the holder sets them, and every change bites at once', async () => {
    await suite.give({ from: 'A', to: 'X', actions: ['execute'], unattended: true })
    expect(await suite.codes(X_FLIGHT)).toEqual(['delegated'])
    expect(refusal(await admins({ autonomy: AUTONOMY }))).toEqual([403, 'forbidden'])
    await mine({ autonomy: { consent, limits: { ...limits, risk: { at_most: 1 } } } })
    expect(await suite.codes(X_FLIGHT)).toEqual(['risk_above_limit'])
    await mine({ autonomy: { consent: false, limits } })
    expect(await suite.codes(X_FLIGHT)).toEqual(['no_consent'])
    await mine({ autonomy: null })
    expect(await suite.codes(X_FLIGHT)).toEqual(['no_consent'])
    await mine({ autonomy: AUTONOMY })
    expect(await suite.codes(X_FLIGHT)).toEqual(['delegated'])
  })

  test('the lead time is met at the very second', async () => {
    await suite.give({ from: 'A', to: 'X', actions: ['execute'], unattended: true })
    expect(await suite.codes({ ...X_FLIGHT, days: 7 })).toEqual(['delegated'])
    expect(await suite.codes({ ...X_FLIGHT, attributes: { starts_at: inSeconds(7 * 86_400 - 1) } })).toEqual([
      'lead_time_too_short',
    ])
  })

  test('risk exactly at the limit is within it', async () => {
    await suite.give({ from: 'A', to: 'X', actions: ['execute'], unattended: true })
    const atRisk = (value: unknown) => suite.codes({ ...X_FLIGHT, attributes: { risk: value } })
    expect(await atRisk(5)).toEqual(['delegated'])
    expect(await atRisk(6)).toEqual(['risk_above_limit'])
    for (const value of [5.5, -1, '5', true, [5], { value: 5 }, 2 ** 53])
      expect(await atRisk(value)).toEqual(['attribute_invalid'])
  })

  test('people are not asked for consent: their grant is it', async () => {
    await suite.give({ from: 'A', to: 'B', actions: ['execute'] })
    await mine({ autonomy: null })
    expect(await suite.codes({ subject: 'B', action: 'execute', item: 'hotel' })).toEqual(['delegated'])
  })

  test('gates and the grant`s own limits are listed together, each as often as it failed', async () => {
    const limit = { attribute: 'planned_price', at_most: 1, currency: 'EUR' }
    await suite.give({ from: 'A', to: 'X', actions: ['execute'], unattended: true, limits: [limit] })
    expect(
      await suite.codes({ ...X_FLIGHT, days: 1, attributes: { planned_price: { amount: 500_001, currency: 'EUR' } } }),
    ).toEqual(['price_above_limit', 'lead_time_too_short', 'grant_limit'])
    expect(await suite.codes({ ...X_FLIGHT, attributes: { planned_price: null } })).toEqual(['attribute_invalid'])
  })
})

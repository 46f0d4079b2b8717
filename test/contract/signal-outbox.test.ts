/**
 * The contract of the outbox of events about grants: why events are due is recorded by the database itself, in the transaction that ends a grant.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import type { AgentRecord, PersonaRecord } from '../../pdp/src/ports/register.ts'
import type { SignalDelivery } from '../../pdp/src/ports/signal-outbox.ts'
import type { SqlStores } from '../../pdp/src/store/stores.ts'
import { aGrant, openPdp, type Place, TestClock, useImplementations } from './pdp-stores.ts'

const IMPLEMENTATIONS = useImplementations()
const END = { by: 'user:p_anna', at: 1_500_000, reason: 'transferred' } as const

describe.for(IMPLEMENTATIONS)('on %s', ([, placeOf]) => {
  let place: Place
  let clock: TestClock
  let stores: SqlStores
  beforeEach(async () => {
    place = await placeOf()
    clock = new TestClock()
    stores = await openPdp(place.connect(), { clock })
  })
  const issued = async (id: string, more: Parameters<typeof aGrant>[1] = {}): Promise<void> => {
    await stores.register.proposeGrant(aGrant(id, { actions: [`a-${id}`], ...more }), clock.now)
    await stores.register.completeGrant(id)
  }
  const end = async (id: string): Promise<void> => {
    await stores.register.proposeEnd(id, END)
    await stores.register.endGrant(id, END)
  }
  const causes = async () => (await stores.signalOutbox.causes(100)).map(({ kind, id }) => `${kind} ${id}`)

  test('nothing is recorded while it is off, and what is there goes when it is turned off', async () => {
    await issued('g1')
    await issued('g2')
    await end('g1')
    expect(await causes()).toEqual([])
    expect([await stores.signalOutbox.start(), await stores.signalOutbox.start()]).toEqual([true, false])
    await end('g2')
    await stores.signalOutbox.replace([], [aDelivery('d1')])
    expect(await causes()).toEqual(['grant g2'])
    await stores.signalOutbox.stop()
    expect([await causes(), await stores.signalOutbox.undelivered()]).toEqual([[], { count: 0, oldest: undefined }])
    expect(await stores.signalOutbox.start()).toBe(true)
  })

  test('every way in which a grant ends is recorded once, with its instant', async () => {
    await stores.signalOutbox.start()
    await issued('revoked')
    await issued('moved', { scope: { deed: 'd9', part: undefined } })
    await issued('part', { scope: { deed: 'd9', part: 'workflow_item:1' } })
    await issued('replaced')
    await stores.register.proposeEnd('revoked', END)
    expect(await causes()).toEqual([])
    await stores.register.endGrant('revoked', END)
    await stores.register.endGrantsUnder('d9', 1_600_000)
    const exchanged = [
      { from: aGrant('replaced', { actions: ['a-replaced'] }), to: aGrant('new', { actions: ['other'] }) },
    ]
    await stores.register.proposeExchange(exchanged, clock.now)
    await stores.register.completeExchange(exchanged, 'user:p_anna', 1_700_000)
    expect((await stores.signalOutbox.causes(100)).map(({ id, at }) => [id, at])).toEqual([
      ['revoked', 1_500_000],
      ['moved', 1_600_000],
      ['part', 1_600_000],
      ['replaced', 1_700_000],
    ])
    await end('revoked')
    expect(await causes()).toHaveLength(4)
  })

  test('an end that is rolled back is not recorded', async () => {
    await stores.signalOutbox.start()
    await issued('g1', { scope: { deed: 'd9', part: undefined } })
    const undone = stores.transaction(async ({ register }) => {
      await register.endGrantsUnder('d9', 1_600_000)
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect(await causes()).toEqual([])
  })

  const agent = (active: boolean): AgentRecord => ({ id: 'bot', active, serviceSub: undefined, createdAt: 1 })
  const persona = (status: PersonaRecord['status']): PersonaRecord => ({
    id: 'p_anna.traveler.family.1',
    holder: 'user:p_anna',
    title: 'traveler',
    circle: 'family',
    domain: 'travel',
    status,
    validFrom: 0,
    validTill: 9_000_000,
    autonomy: undefined,
    createdAt: 1,
  })

  test('a suspended agent and a changed persona are recorded when the change is complete', async () => {
    await stores.signalOutbox.start()
    await stores.register.proposeAgent(agent(true))
    await stores.register.completeAgent(agent(true))
    await stores.register.proposePersona(persona('active'))
    await stores.register.completePersona(persona('active'))
    const [created] = await stores.signalOutbox.causes(1)
    expect(await causes()).toEqual(['persona p_anna.traveler.family.1'])
    await stores.signalOutbox.replace(created ? [created] : [], [])
    await stores.register.proposeAgent(agent(false))
    await stores.register.proposePersona(persona('inactive'))
    expect(await causes()).toEqual([])
    await stores.register.completeAgent(agent(false))
    await stores.register.completePersona(persona('inactive'))
    expect((await causes()).toSorted()).toEqual(['agent bot', 'persona p_anna.traveler.family.1'])
  })

  const aDelivery = (id: string, more: Partial<SignalDelivery> = {}): SignalDelivery => ({
    id,
    jti: `jti-${id}`,
    receiver: 'https://a.example/',
    grant: 'g1',
    event: 'urn:e',
    data: '{}',
    at: 5,
    issuedAt: 10,
    ...more,
  })

  test('causes become deliveries, in one transaction and once; they are due in their order until they are dropped', async () => {
    await stores.signalOutbox.start()
    await issued('g1')
    await end('g1')
    const found = await stores.signalOutbox.causes(10)
    const two = [aDelivery('d1'), aDelivery('d2', { grant: undefined, issuedAt: 20 })]
    const other = aDelivery('d0', { receiver: 'https://b.example/', jti: 'other' })
    await stores.signalOutbox.replace(found, [...two, other])
    await stores.signalOutbox.replace(found, [aDelivery('d3', { jti: 'jti-d1' })])
    const { signalOutbox } = await openPdp(place.connect(), { clock })
    expect(await signalOutbox.causes(10)).toEqual([])
    expect(await signalOutbox.due('https://a.example/', 10)).toEqual(two)
    expect(await signalOutbox.undelivered()).toEqual({ count: 3, oldest: 10 })
    await signalOutbox.drop(['d1'])
    expect((await signalOutbox.due('https://a.example/', 10)).map(({ id }) => id)).toEqual(['d2'])
    expect([await signalOutbox.dropBefore(20), await signalOutbox.dropBefore(20)]).toEqual([1, 0])
    expect(await signalOutbox.undelivered()).toEqual({ count: 1, oldest: 20 })
  })

  test('grants below are found whether or not their tuples are removed, without those that ended or expired', async () => {
    await issued('g1')
    for (const id of ['live', 'swept', 'ended']) await issued(id, { parent: 'g1', path: ['g1', id] })
    await issued('expired', { parent: 'g1', path: ['g1', 'expired'], expiresAt: 1_400_000 })
    await end('ended')
    await stores.register.markSwept('swept')
    const below = await stores.signalOutbox.liveBelow(['g1'], 1_400_000)
    expect(below.map(({ id }) => id)).toEqual(['live', 'swept'])
    expect(await stores.signalOutbox.liveBelow([], 0)).toEqual([])
  })
})

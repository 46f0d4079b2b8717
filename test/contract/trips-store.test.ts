/**
 * What trips asks of a database, on SQLite and PostgreSQL alike.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../examples/trips/src/database.ts'
import { createSqlStore } from '../../examples/trips/src/sql-store.ts'
import type { Claim, ClaimedKey, Message, TripAndItems, TripStore } from '../../examples/trips/src/store.ts'
import type { Attempt, Item } from '../../examples/trips/src/trip.ts'
import { DATABASES, type Place, usePlaces } from './trips-databases.ts'

const newPlace = usePlaces()
const ISSUER = 'https://id.example/realms/mandate'
const AT = '2026-11-22T08:00:00.000Z'
const LATER = '2026-11-22T09:00:00.000Z'

function anItem(id: string, workflow: string, more: Partial<Item> = {}): Item {
  return {
    id,
    workflow,
    name: 'dinner',
    status: 'planned',
    plannedPrice: { amount: 12_000, currency: 'EUR' },
    startsAt: '2031-05-01T18:00:00.000Z',
    risk: 1,
    version: 1,
    bookedVersion: undefined,
    lastAttempt: undefined,
    ...more,
  }
}

function aTrip(id: string, owner = 'user:carlo', createdAt = AT): TripAndItems {
  const ownerPersona = 'traveler/family'
  return {
    workflow: { id, template: 'milan', owner, issuer: ISSUER, ownerPersona, createdAt, version: 1 },
    items: [anItem(`${id}-b`, id, { name: 'hotel' }), anItem(`${id}-a`, id)],
  }
}

const anAttempt = (more: Partial<Attempt> = {}): Attempt => ({
  at: AT,
  subject: 'user:yannick',
  actor: 'agent:booking-agent',
  decision: true,
  reason: 'delegated',
  reasons: [],
  chain: [],
  evaluationId: '01KE',
  owner: 'user:carlo',
  effect: 'booked',
  ...more,
})

describe.for(DATABASES)('on %s', (name) => {
  let place: Place
  let database: Database
  let store: TripStore
  beforeEach(async () => {
    place = await newPlace(name)
    database = await place.open()
    store = createSqlStore(database)
  })

  const publish = (id: string) => store.transaction((within) => within.publish(id))
  const published = async (trip: TripAndItems): Promise<TripAndItems> => {
    await store.addPending(trip)
    await publish(trip.workflow.id)
    return trip
  }
  const waiting = async () =>
    (await store.outbox()).map((message) => (message.kind === 'unregister' ? message.id : message.kind))

  test('a trip is seen when it is published, whole and in its order, and not before', async () => {
    const trip = aTrip('one')
    await store.addPending(trip)
    expect(await store.trip('one')).toBeUndefined()
    expect(await store.item('one', 'one-a')).toBeUndefined()
    expect(await store.workflowsById(['one'])).toEqual([])
    expect(await publish('one')).toBe(true)
    expect(await store.trip('one')).toEqual(trip)
    expect(await store.item('one', 'one-a')).toEqual(trip.items[1])
    expect(await store.item('other', 'one-a')).toBeUndefined()
    expect([await store.outbox(), await store.pending(LATER)]).toEqual([[], []])
  })

  test('those that exist are found in the order asked for', async () => {
    for (const id of ['one', 'two']) await published(aTrip(id))
    expect((await store.workflowsById(['two', 'gone', 'one'])).map(({ id }) => id)).toEqual(['two', 'one'])
  })

  test('what was not published can be taken back: its removals wait, the last registration first', async () => {
    await store.addPending(aTrip('one'))
    expect(await store.pending(AT)).toEqual([])
    expect(await store.pending(LATER)).toEqual(['one'])
    expect(await waiting()).toEqual([])
    await store.removePending('one')
    expect(await waiting()).toEqual(['one-a', 'one-b', 'one'])
    expect(await publish('one')).toBe(false)
    expect(await store.pending(LATER)).toEqual([])
  })

  test('a published trip cannot be taken back', async () => {
    await published(aTrip('one'))
    await store.removePending('one')
    expect(await store.trip('one')).toBeDefined()
    expect(await waiting()).toEqual([])
  })

  test('published and taken back at the same time: one of both, never half of each', async () => {
    for (let round = 0; round < 20; round += 1) {
      const id = `trip-${round}`
      await store.addPending(aTrip(id))
      const other = createSqlStore(name === 'SQLite' ? database : await place.open())
      const [isPublished] = await Promise.all([publish(id), other.removePending(id)])
      expect((await store.trip(id)) !== undefined).toBe(isPublished)
      expect((await waiting()).filter((resource) => resource.startsWith(id))).toHaveLength(isPublished ? 0 : 3)
      for (const { seq } of await store.outbox()) await store.dropMessage(seq)
    }
  })

  test('an item is replaced at the version that was read, once', async () => {
    const { items } = await published(aTrip('one'))
    const [hotel] = items
    if (!hotel) return expect.unreachable()
    const booked = { ...hotel, status: 'booked', version: 2, bookedVersion: 2 } as const
    const tries = Array.from({ length: 5 }, () => store.replaceItem(booked, 1))
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1)
    expect(await store.item('one', hotel.id)).toEqual(booked)
  })

  test('a transaction is done whole or not at all', async () => {
    const trip = await published(aTrip('one'))
    const broken = store.transaction(async (within) => {
      await within.replaceItem(anItem('one-a', 'one', { status: 'booked', version: 2 }), 1)
      await within.recordAttempt('one-a', anAttempt())
      throw new Error('cut off')
    })
    await expect(broken).rejects.toThrow('cut off')
    expect(await store.trip('one')).toEqual(trip)
  })

  test('transactions that meet at an item: whoever comes second sees what the first one did', async () => {
    await published(aTrip('one'))
    const book = () =>
      store.transaction(async (within) => {
        const item = await within.item('one', 'one-a')
        if (!item) return expect.unreachable()
        const { version } = item
        return await within.replaceItem({ ...item, version: version + 1 }, version)
      })
    const done = (await Promise.all(Array.from({ length: 8 }, book))).filter(Boolean).length
    expect(done).toBeGreaterThan(0)
    expect((await store.item('one', 'one-a'))?.version).toBe(1 + done)
  })

  test('the last attempt is shown, as it was kept', async () => {
    await published(aTrip('one'))
    await store.recordAttempt('one-a', anAttempt({ decision: false, effect: 'none' }))
    const last = anAttempt({ at: LATER, actor: undefined, evaluationId: undefined })
    await store.recordAttempt('one-a', last)
    expect((await store.item('one', 'one-a'))?.lastAttempt).toEqual(last)
  })

  const to = { owner: 'user:mia', ownerPersona: undefined }
  const isTransfer = (message: Message | undefined) => (message?.kind === 'transfer' ? message : expect.unreachable())

  test('a transfer is proposed at the version that was read, one at a time, and settled once', async () => {
    await published(aTrip('one'))
    expect(await store.proposeTransfer('one', to, 2)).toBeUndefined()
    expect(await store.proposeTransfer('gone', to, 1)).toBeUndefined()
    const message = isTransfer(await store.proposeTransfer('one', to, 1))
    expect(await store.proposeTransfer('one', { ...to, owner: 'user:eve' }, 1)).toBeUndefined()
    expect(await store.outbox()).toEqual([message])
    for (let again = 0; again < 2; again += 1) await store.settleTransfer(message)
    expect((await store.trip('one'))?.workflow).toMatchObject({ ...to, version: 2 })
    expect(await store.outbox()).toEqual([])
  })

  const request = { caller: 'user:carlo', key: 'k', fingerprint: 'f', at: 1_000 }
  const keyOf = (claim: Claim): ClaimedKey => (claim.kind === 'claimed' ? claim.key : expect.unreachable())

  test('a key is claimed once, answered from then on, and of no other caller or request', async () => {
    const key = keyOf(await store.claim(request, 0))
    expect(await store.claim({ ...request, at: 1_001 }, 0)).toEqual({ kind: 'busy' })
    const answer = { status: 201, body: { id: 'one' } }
    expect(await store.transaction((within) => within.settle(key, answer))).toBe(true)
    await store.release(key)
    expect(await store.claim(request, 0)).toEqual({ kind: 'completed', response: answer })
    expect(await store.claim({ ...request, fingerprint: 'other' }, 0)).toEqual({ kind: 'different' })
    expect(await store.claim({ ...request, caller: 'user:mia' }, 0)).toMatchObject({ kind: 'claimed' })
  })

  test('of many that claim a key at once, one gets it', async () => {
    const claims = await Promise.all(Array.from({ length: 8 }, (_, n) => store.claim({ ...request, at: 1_000 + n }, 0)))
    expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1)
  })

  test('what was released can be claimed; an abandoned claim too, and whoever had it keeps no answer', async () => {
    const first = keyOf(await store.claim(request, 0))
    await store.release(first)
    const slow = keyOf(await store.claim({ ...request, at: 2_000 }, 0))
    expect(await store.claim({ ...request, at: 3_000 }, 2_000)).toEqual({ kind: 'busy' })
    const taken = keyOf(await store.claim({ ...request, at: 3_000 }, 2_001))
    const answer = { status: 200, body: {} }
    expect(await store.transaction((within) => within.settle(slow, answer))).toBe(false)
    await store.release(slow)
    expect(await store.transaction((within) => within.settle(taken, answer))).toBe(true)
  })

  test('an answer is kept for a day', async () => {
    const key = keyOf(await store.claim(request, 0))
    await store.transaction((within) => within.settle(key, { status: 200, body: {} }))
    const aDayOn = request.at + 86_400_000
    expect(await store.claim({ ...request, at: aDayOn }, 0)).toMatchObject({ kind: 'completed' })
    expect(await store.claim({ ...request, at: aDayOn + 1 }, 0)).toMatchObject({ kind: 'claimed' })
  })

  /** Every text in every table. */
  const everything = async () => {
    const tables = ['workflow', 'item', 'attempt', 'outbox', 'idempotency']
    return JSON.stringify(await Promise.all(tables.map((table) => database.rows(`SELECT * FROM ${table}`))))
  }

  test('a person is forgotten whole, and nobody with them', async () => {
    const carlos = aTrip('one')
    const hers = await published(aTrip('two', 'user:mia'))
    const alike = await published(aTrip('three', 'user:carlotta'))
    await published(carlos)
    await store.recordAttempt('two-a', anAttempt({ subject: 'user:carlo' }))
    await store.recordAttempt('three-a', anAttempt({ owner: 'user:carlotta' }))
    await store.proposeTransfer('two', { ...to, owner: 'user:carlo' }, 1)
    for (const caller of ['user:carlo', 'user:carlo agent:a', 'user:carlotta', 'user:mia']) {
      const key = keyOf(await store.claim({ ...request, caller, at: Date.parse(AT) }, 0))
      const body = { owner: caller === 'user:mia' ? 'user:carlo' : 'nobody' }
      await store.transaction((within) => within.settle(key, { status: 200, body }))
    }
    await store.forget({ owner: 'user:carlo', issuer: ISSUER, before: AT })
    expect(await everything()).not.toMatch(/user:carlo\b/u)
    const removals = await waiting()
    expect(removals.toSorted()).toEqual(['one', 'one-a', 'one-b'])
    expect(removals.at(-1)).toBe('one')
    expect([await store.trip('one'), await store.trip('two')]).toEqual([undefined, hers])
    expect((await store.trip('three'))?.workflow).toEqual(alike.workflow)
    expect((await store.item('three', 'three-a'))?.lastAttempt).toBeDefined()
    expect(await store.claim({ ...request, caller: 'user:carlotta' }, 0)).toMatchObject({ kind: 'completed' })
  })

  test('who was forgotten under another issuer, or came back after, keeps what is theirs', async () => {
    await published(aTrip('one'))
    await published(aTrip('two', 'user:carlo', LATER))
    await store.forget({ owner: 'user:carlo', issuer: `${ISSUER}2`, before: LATER })
    expect(await store.trip('one')).toBeDefined()
    await store.forget({ owner: 'user:carlo', issuer: ISSUER, before: AT })
    expect([await store.trip('one'), (await store.trip('two'))?.workflow.id]).toEqual([undefined, 'two'])
  })

  test('what one process keeps, the next one finds', async () => {
    const trip = await published(aTrip('one'))
    if (name === 'SQLite') await database.close()
    expect(await createSqlStore(await place.open()).trip('one')).toEqual(trip)
  })

  test('a database of a newer version is left alone', async () => {
    const newer = name === 'SQLite' ? 'PRAGMA user_version = 1000' : 'INSERT INTO migration (no) VALUES (1000)'
    await database.change(newer)
    await expect(place.open()).rejects.toThrow('newer version')
  })

  test('closed, it says that it does not answer', async () => {
    await store.check()
    await store.close()
    await expect(store.check()).rejects.toThrow()
  })
})

/**
 * The contracts of changes that take several steps: which PDP has them, and what is kept of them until they are complete.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { LEASE_MS, LeaseHeld } from '../../pdp/src/ports/leases.ts'
import type { Replacement } from '../../pdp/src/ports/stores.ts'
import type { SqlStores } from '../../pdp/src/store/stores.ts'
import { aGrant, openPdp, type Place, TestClock, useImplementations } from './pdp-stores.ts'

const IMPLEMENTATIONS = useImplementations()

const code = (fault: Promise<unknown>): Promise<unknown> =>
  fault.then(
    () => 'done',
    (error: unknown) => (error instanceof LeaseHeld ? 'held' : error),
  )

describe.for(IMPLEMENTATIONS)('on %s', ([, placeOf]) => {
  let place: Place
  let clock: TestClock
  let a: SqlStores
  let b: SqlStores
  beforeEach(async () => {
    place = await placeOf()
    clock = new TestClock()
    a = await openPdp(place.connect(), { owner: 'a', clock })
    b = await openPdp(place.connect(), { owner: 'b', clock })
  })

  describe('a lease', () => {
    test('is one PDP`s until it ends; then exactly one of those that want it gets it', async () => {
      const c = await openPdp(place.connect(), { owner: 'c', clock })
      expect(await a.leases.take('facts', '1')).toBe(true)
      clock.now += LEASE_MS - 1
      expect([await b.leases.take('facts', '1'), await a.leases.take('facts', '2')]).toEqual([false, true])
      clock.now += 1
      const taken = await Promise.all([b, c].map(({ leases }) => leases.take('facts', '1')))
      expect(taken.filter(Boolean)).toHaveLength(1)
      expect(await a.leases.take('facts', '1')).toBe(false)
    })

    test('is renewed by its owner, and kept over a restart of it', async () => {
      await a.leases.take('facts', '1')
      clock.now += LEASE_MS - 1
      const restarted = await openPdp(place.connect(), { owner: 'a', clock })
      expect(await restarted.leases.take('facts', '1')).toBe(true)
      clock.now += LEASE_MS - 1
      expect(await b.leases.take('facts', '1')).toBe(false)
    })

    test('that was taken over cannot be released by the PDP that lost it', async () => {
      await a.leases.take('facts', '1')
      clock.now += LEASE_MS
      await b.leases.require('facts', '1')
      expect([await code(a.leases.release('facts', '1')), await code(a.leases.require('facts', '1'))]).toEqual([
        'held',
        'held',
      ])
      await b.leases.release('facts', '1')
      expect(await a.leases.take('facts', '1')).toBe(true)
    })

    test('of one kind says nothing of another', async () => {
      await a.leases.take('end', '1')
      expect(await b.leases.take('grant', '1')).toBe(true)
    })
  })

  const NOW = 1_000_000
  const end = { by: 'user:p_anna', at: NOW, reason: '' } as const
  const persona = {
    id: 'p.t.c.1',
    holder: 'user:p_anna',
    title: 't',
    circle: 'c',
    domain: 'd',
    status: 'active',
    validFrom: 1,
    validTill: 2,
    autonomy: undefined,
    createdAt: 1,
  } as const
  const agent = { id: 'x', active: false, serviceSub: undefined, createdAt: 1 }
  const from = { resource: 'w:1', root: 'w:1', ancestors: [], owner: 'user:p_a', persona: '', deed: 'd1' } as const
  const transfer = { from, to: { ...from, owner: 'user:p_b', deed: 'd2' } as const, at: 1, recorded: false }
  const replacement: Replacement = {
    exchanged: [{ from: aGrant('g1'), to: aGrant('g2') }],
    by: 'user:p_anna',
    at: NOW,
  }
  const factChange = { plan: { id: 'f1', keys: [], steps: { some: 'plan' } }, domain: 'd', write: [], remove: [] }
  const erasure = { id: 'e1', person: 'user:p_a', by: 'user:p_a', at: 1 } as const
  const key = {
    id: 'k1',
    name: 'n',
    types: ['t'],
    createdAt: 1,
    createdBy: 'user:p_a',
    expiresAt: 9,
    revokedAt: undefined,
  } as const

  /** Every change of several steps: how it begins, and how it is completed. */
  const CHANGES: readonly (readonly [
    what: string,
    begin: (pdp: SqlStores) => Promise<unknown>,
    complete: (pdp: SqlStores) => Promise<unknown>,
  ])[] = [
    [
      'an issue',
      ({ register }) => register.proposeGrant(aGrant('g9'), NOW),
      ({ register }) => register.completeGrant('g9'),
    ],
    ['an end', ({ register }) => register.proposeEnd('g1', end), ({ register }) => register.endGrant('g1', end)],
    [
      'a persona',
      ({ register }) => register.proposePersona(persona),
      ({ register }) => register.completePersona(persona),
    ],
    ['an agent', ({ register }) => register.proposeAgent(agent), ({ register }) => register.completeAgent(agent)],
    ['a key`s revocation', ({ keys }) => keys.revoke('k1', 5), ({ keys }) => keys.complete('k1')],
    ['a transfer', ({ intents }) => intents.putTransfer(transfer), ({ intents }) => intents.completeTransfer(transfer)],
    [
      'a replacement',
      ({ intents }) => intents.putReplacement(replacement),
      ({ intents }) => intents.dropReplacement(replacement),
    ],
    [
      'a change of facts',
      ({ intents }) => intents.putFactChange(factChange),
      ({ intents }) => intents.dropFactChange(factChange),
    ],
    [
      'an erasure',
      ({ people }) => people.putErasure(erasure),
      ({ people }) => people.completeErasure(erasure, undefined, []),
    ],
  ]

  test.for(CHANGES)('%s is not completed by the PDP that lost it to another one', async ([what, begin, complete]) => {
    await a.keys.add(key, Uint8Array.of(1))
    await begin(a)
    const leased = await (await place.connect()).rows('SELECT kind, id, owner, lease_until FROM leases')
    expect(leased).toMatchObject([{ owner: 'a', lease_until: NOW + LEASE_MS }])
    const [{ kind, id } = {}] = leased as { kind: Parameters<typeof a.leases.take>[0]; id: string }[]
    if (!kind || !id) return expect.unreachable(what)
    expect(await b.leases.take(kind, id)).toBe(false)
    clock.now += LEASE_MS
    expect(await b.leases.take(kind, id)).toBe(true)
    expect(await code(complete(a))).toBe('held')
    expect(await code(complete(b))).toBe('done')
    // Late again: what the other PDP has completed is not overwritten.
    expect(await code(complete(a))).toBe('held')
    expect(await (await place.connect()).rows('SELECT * FROM leases')).toEqual([])
  })

  test('of an end and a replacement of one grant on two PDPs, one goes first', async () => {
    await a.register.proposeEnd('g1', end)
    expect(await code(b.register.proposeExchange(replacement.exchanged, NOW))).toBe('held')
    expect(await b.register.pendingGrants()).toEqual([])
    await a.register.endGrant('g1', end)
    expect(await code(b.register.proposeExchange(replacement.exchanged, NOW))).toBe('done')
  })

  test.for([
    ['completed', (pdp: SqlStores) => pdp.register.completeExchange(replacement.exchanged, 'user:p_anna', NOW)],
    ['undone', (pdp: SqlStores) => pdp.register.dropExchange(replacement.exchanged)],
  ] as const)('a replacement of a PDP that is gone is %s by another one', async ([, finish]) => {
    await a.transaction(async ({ register, intents }) => {
      await register.proposeExchange(replacement.exchanged, NOW)
      await intents.putReplacement(replacement)
    })
    const finished = (): Promise<void> =>
      b.transaction(async (within) => {
        await within.leases.require('replacement', 'g2')
        await finish({ ...b, ...within })
        await within.intents.dropReplacement(replacement)
      })
    expect(await code(finished())).toBe('held')
    clock.now += LEASE_MS
    expect(await code(finished())).toBe('done')
    expect(await (await place.connect()).rows('SELECT * FROM leases')).toEqual([])
  })

  test('Writes without an answer are taken up by one PDP, when the one that sent them is gone', async () => {
    const change = { id: 'c1', at: NOW, keys: [{ user: 'u:1', relation: 'r', object: 'o:1' }] }
    await a.changes.begin(change)
    expect(await b.changes.takeUndecided()).toEqual([])
    clock.now += LEASE_MS
    const c = await openPdp(place.connect(), { owner: 'c', clock })
    const taken = await Promise.all([b, c].map(({ changes }) => changes.takeUndecided()))
    expect(taken.flat()).toEqual([change])
    // Its outcome is the same, whoever asked for it.
    await a.changes.decided('c1', NOW)
    expect(await a.changes.takeUndecided()).toEqual([])
    expect(await a.changes.decidedBefore(NOW + 1, 10)).toEqual(['c1'])
    await a.changes.forget(['c1'])
    expect(await a.changes.decidedBefore(NOW + 1, 10)).toEqual([])
  })

  test('a Write that is decided while undecided ones are taken up leaves no lease', async () => {
    const changes = Array.from({ length: 8 }, (_, n) => ({ id: `c${n}`, at: NOW, keys: [] }))
    for (const change of changes) await a.changes.begin(change)
    await Promise.all([a.changes.takeUndecided(), ...changes.map(({ id }) => a.changes.decided(id, NOW))])
    expect(await (await place.connect()).rows('SELECT * FROM leases')).toEqual([])
  })

  test('intents come back as they were, at the next start too', async () => {
    await a.intents.putTransfer(transfer)
    await a.intents.putTransfer({ ...transfer, recorded: true })
    await a.intents.putReplacement(replacement)
    await a.intents.putFactChange(factChange)
    const next = await openPdp(place.connect(), { owner: 'a', clock })
    expect(await next.intents.transfers()).toEqual([{ ...transfer, recorded: true }])
    expect(await next.intents.transferOf('w:1')).toEqual({ ...transfer, recorded: true })
    expect(await next.intents.replacements()).toEqual([replacement])
    expect(await next.intents.factChanges()).toEqual([factChange])
    expect(await next.intents.isPast('d1')).toBe(false)
    await next.intents.completeTransfer(transfer)
    expect([await next.intents.isPast('d1'), await next.intents.transfers()]).toEqual([true, []])
  })

  test('a change across stores is made whole or not at all', async () => {
    const broken = a.transaction(async ({ register, intents }) => {
      await register.proposeExchange([{ from: aGrant('g1'), to: aGrant('g2') }], NOW)
      await intents.putReplacement(replacement)
      throw new Error('cut off')
    })
    await expect(broken).rejects.toThrow('cut off')
    expect([await a.register.pendingGrants(), await a.intents.replacements()]).toEqual([[], []])
    expect(await b.leases.take('replacement', 'g2')).toBe(true)
  })
})

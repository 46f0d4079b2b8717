/**
 * The contracts of what the PDP keeps beside its register: answers, invitations, API keys, ended sessions, policies, facts.
 */
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Fact } from '../../pdp/src/ports/domain-facts.ts'
import type { InvitationRecord, KeyRecord } from '../../pdp/src/ports/stores.ts'
import type { SqlStores } from '../../pdp/src/store/stores.ts'
import { holdTransaction } from '../fixtures/hold-transaction.ts'
import { openPdp, type Place, TestClock, useImplementations } from './pdp-stores.ts'

const IMPLEMENTATIONS = useImplementations()

describe.for(IMPLEMENTATIONS)('on %s', ([, placeOf]) => {
  let place: Place
  let clock: TestClock
  let stores: SqlStores
  const reopened = (): Promise<SqlStores> => openPdp(place.connect(), { clock })
  beforeEach(async () => {
    place = await placeOf()
    clock = new TestClock()
    stores = await reopened()
  })

  test('an answer is kept until it is too old, the last one under an id', async () => {
    const { answers } = stores
    const answer = { id: 'a', caller: 'c', request: 'r', sealed: Uint8Array.of(1), at: 10 }
    await answers.keep(answer, 0)
    await answers.keep({ ...answer, request: 's', sealed: Uint8Array.of(2) }, 0)
    const found = await (await reopened()).answers.find('a', 9)
    expect(found && { ...found, sealed: [...found.sealed] }).toEqual({ ...answer, request: 's', sealed: [2] })
    expect(await answers.find('a', 10)).toBeUndefined()
    await answers.keep({ ...answer, id: 'b', at: 20 }, 10)
    expect([await answers.find('a', 0), (await answers.find('b', 0))?.id]).toEqual([undefined, 'b'])
  })

  const anInvitation = (more: Partial<InvitationRecord> = {}): InvitationRecord => ({
    id: 'i1',
    inviter: 'user:p_a',
    status: 'open',
    grant: { actions: ['read'], scope: 'all:travel', redelegations: 0, unattended: false },
    redeemer: undefined,
    grantId: undefined,
    createdAt: 1,
    expiresAt: 2,
    ...more,
  })

  test('an invitation is found by its code, and changed from the status that was read, once', async () => {
    const { invitations } = stores
    await invitations.add(anInvitation(), 'hash')
    expect(await invitations.byCode('hash')).toEqual(anInvitation())
    expect(await place.bytes()).toContain('hash')
    const redeemed = (redeemer: `user:${string}`) => anInvitation({ status: 'redeemed', redeemer, expiresAt: 9 })
    const other = await reopened()
    const changed = await Promise.all([
      invitations.change(redeemed('user:p_b'), 'open'),
      other.invitations.change(redeemed('user:p_c'), 'open'),
    ])
    expect(changed.filter(Boolean)).toHaveLength(1)
    const redeemer = changed[0] ? 'user:p_b' : 'user:p_c'
    expect(await invitations.byId('i1')).toEqual(redeemed(redeemer))
    expect((await invitations.of(redeemer)).map(({ id }) => id)).toEqual(['i1'])
    await invitations.add(anInvitation({ id: 'i2', status: 'confirmed' }), 'other')
    await invitations.withdrawAllOf('user:p_a')
    expect((await invitations.of('user:p_a')).map(({ id, status }) => [id, status])).toEqual([
      ['i2', 'confirmed'],
      ['i1', 'withdrawn'],
    ])
  })

  const aKey: KeyRecord = {
    id: 'k1',
    name: 'ci',
    types: ['workflow'],
    createdAt: 1,
    createdBy: 'user:p_a',
    expiresAt: 9,
    revokedAt: undefined,
  }

  test('a key is kept by its hash; revoked, it is pending until that is complete', async () => {
    const { keys } = stores
    await keys.add(aKey, Uint8Array.of(7))
    const kept = await keys.byId('k1')
    expect(kept && [kept.record, ...kept.hash]).toEqual([aKey, 7])
    await keys.revoke('k1', 5)
    await keys.revoke('k1', 6)
    expect((await keys.pending()).map(({ revokedAt }) => revokedAt)).toEqual([5])
    await keys.complete('k1')
    expect([await keys.pending(), await (await reopened()).keys.all()]).toEqual([[], [{ ...aKey, revokedAt: 5 }]])
  })

  test('a key is revoked even where the database of one PDP cannot be written; of a shared one it is not', async () => {
    await stores.keys.add(aKey, Uint8Array.of(7))
    const database = await place.connect()
    const release = await holdTransaction(database)
    try {
      await expect(stores.keys.revoke('k1', 5)).rejects.toThrow()
      expect((await stores.keys.byId('k1'))?.record.revokedAt).toBe(database.isShared ? undefined : 5)
    } finally {
      await release()
    }
  })

  const session = (more: { readonly sid?: string; readonly issuedAt?: number } = {}) => ({
    sid: undefined,
    person: 'user:p_a' as const,
    issuedAt: undefined,
    ...more,
  })

  test('an ended session is ended until no token of it can be good, over a restart', async () => {
    await stores.sessions.end('s1', clock.now + 10)
    for (const { sessions } of [stores, await reopened()]) {
      expect(await sessions.isEnded(session({ sid: 's1' }))).toBe(true)
      expect(await sessions.isEnded(session({ sid: 's2' }))).toBe(false)
    }
    expect(await place.bytes()).not.toContain('s1 ')
    clock.now += 10
    expect(await stores.sessions.isEnded(session({ sid: 's1' }))).toBe(false)
  })

  test('all of a person`s sessions end up to an instant: the later of two counts, in whatever order they come', async () => {
    for (const at of [5, 3]) await stores.sessions.endAll('user:p_a', at, clock.now + 10)
    for (const { sessions } of [stores, await reopened()]) {
      const ended = await Promise.all([4, 5, 6].map((issuedAt) => sessions.isEnded(session({ issuedAt }))))
      expect(ended).toEqual([true, true, false])
      expect(await sessions.isEnded(session({ sid: 's' }))).toBe(true)
      expect(await sessions.isEnded(session())).toBe(false)
    }
  })

  test('a disabled login is ended until a later event enables it, in whatever order the events come', async () => {
    const isEnded = async () =>
      Promise.all(
        [stores, await reopened()].map(({ sessions }) => sessions.isEnded(session({ sid: 's', issuedAt: clock.now }))),
      )
    const { sessions } = stores
    for (const [change, at, ended] of [
      ['disable', 10, true],
      ['enable', 9, true],
      ['enable', 10, true],
      ['enable', 12, false],
      ['disable', 11, false],
      ['disable', 12, true],
      ['enable', 13, false],
    ] as const) {
      await sessions[change]('user:p_a', at)
      // As a read barrier does: an announcement of another PDP, or a reset, changes the memory.
      const put = await sessions.load()
      put()
      expect([change, at, await isEnded()]).toEqual([change, at, [ended, ended]])
    }
    await sessions.disable('user:p_b', 20)
    clock.now += 8 * 86_400_000
    await sessions.end('another', clock.now + 10)
    expect(await isEnded()).toEqual([false, false])
    const { sessions: later } = await reopened()
    expect(later.isEnded({ ...session(), person: 'user:p_b', issuedAt: clock.now })).toBe(true)
  })

  test('a received event is known by its issuer and id until it is too old, once however often it is kept', async () => {
    const { received } = stores
    for (const _ of [1, 2]) await received.keep('https://a.example', 'j', clock.now + 10)
    for (const { received: kept } of [stores, await reopened()])
      expect([await kept.has('https://a.example', 'j'), await kept.has('https://b.example', 'j')]).toEqual([
        true,
        false,
      ])
    clock.now += 10
    await received.keep('https://a.example', 'k', clock.now + 10)
    expect([await received.has('https://a.example', 'j'), await received.has('https://a.example', 'k')]).toEqual([
      false,
      true,
    ])
  })

  test('policies are listed by their last load, a hundred of them at most; one is in force', async () => {
    const { policyHistory } = stores
    const sources = { core: 'core', packs: [] }
    for (let version = 0; version < 102; version += 1)
      await policyHistory.put({ version: `v${version}`, sources, loadedAt: 5 })
    await policyHistory.put({ version: 'v50', sources, loadedAt: 5 })
    const versions = (await policyHistory.all()).map(({ version }) => version)
    expect([versions.length, ...versions.slice(0, 3)]).toEqual([100, 'v50', 'v101', 'v100'])
    expect([await policyHistory.byVersion('v0'), await policyHistory.byVersion('v2')]).toEqual([
      undefined,
      { version: 'v2', sources, loadedAt: 5 },
    ])
    await policyHistory.setInForce('v2', undefined)
    await policyHistory.setInForce('v3', 'v2')
    expect(await (await reopened()).policyHistory.inForce()).toEqual({ version: 'v3', insteadOf: 'v2' })
  })

  test('facts: what was put is known until it is dropped, whatever came in between', async () => {
    const name = fc.constantFrom('a', 'b', '*', '#', 'c d')
    const relationFact = fc.record({ subject: name, resource: name, relation: fc.constantFrom('reads', 'writes') }).map(
      ({ subject, resource, relation }): Fact => ({
        domain: 'd',
        subject: `user:${subject}`,
        subjectRelation: undefined,
        relation,
        resource: `doc:${resource}`,
        condition: undefined,
      }),
    )
    const attributes = fc
      .record({ of: name, value: fc.integer() })
      .map(({ of, value }): Fact => ({ domain: 'd', of: `doc:${of}`, attributes: { value } }))
    const known = new Map<string, Fact>()
    const keyOf = (fact: Fact): string => ('of' in fact ? fact.of : `${fact.subject} ${fact.relation} ${fact.resource}`)
    await fc.assert(
      fc.asyncProperty(fc.oneof(relationFact, attributes), fc.boolean(), async (fact, isPut) => {
        const { facts } = stores
        await facts.change(isPut ? [fact] : [], isPut ? [] : [fact])
        if (isPut) known.set(keyOf(fact), fact)
        else known.delete(keyOf(fact))
        expect(await facts.has(fact)).toBe(isPut)
        const about = [...known.values()].filter((one) => ('of' in one ? one.of : one.resource) === 'doc:a')
        expect((await facts.about(['doc:a'])).map(keyOf).sort()).toEqual(about.map(keyOf).sort())
        const docs = new Set([...known.values()].map((one) => ('of' in one ? one.of : one.resource)))
        expect((await facts.entities('d', 'doc')).toSorted()).toEqual([...docs].toSorted())
      }),
      { numRuns: 60 },
    )
    expect(await stores.facts.about([])).toEqual([])
  })
})

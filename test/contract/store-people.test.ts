/**
 * The contracts of the vault and of what becomes of people's data: pseudonyms, erasures, notices, legal holds.
 */

import type { PartyRef } from '@mandate/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import type { PersonErasure } from '../../pdp/src/ports/stores.ts'
import type { SqlStores } from '../../pdp/src/store/stores.ts'
import { aGrant, openPdp, type Place, useImplementations } from './pdp-stores.ts'

const IMPLEMENTATIONS = useImplementations()

const ISSUER = 'https://id.example'
const SUB = 'sub-of-petra-planted'
const NOW = 1_000_000

describe.for(IMPLEMENTATIONS)('on %s', ([, placeOf]) => {
  let place: Place
  let stores: SqlStores
  beforeEach(async () => {
    place = await placeOf()
    stores = await openPdp(place.connect())
  })

  test('a person has one pseudonym, whichever PDP meets them first', async () => {
    const others = await Promise.all(
      Array.from({ length: 4 }, (_, index) => openPdp(place.connect(), { owner: `pdp-${index}` })),
    )
    const met = await Promise.all(others.map(({ vault }) => vault.pseudonymOf(ISSUER, SUB)))
    expect(new Set(met).size).toBe(1)
    const [pseudonym] = met
    expect(await stores.vault.known(ISSUER, SUB)).toBe(pseudonym)
    expect(pseudonym && (await stores.vault.subOf(pseudonym))).toBe(SUB)
    expect(await stores.vault.pseudonymOf('https://other.example', SUB)).not.toBe(pseudonym)
  })

  test('to ask about somebody leaves no trace', async () => {
    const { vault } = stores
    expect(await vault.known(ISSUER, SUB)).toBeUndefined()
    const mentioned = await vault.mentioned(ISSUER, SUB)
    expect(mentioned).toMatch(/^user:p_/u)
    expect(await vault.mentioned(ISSUER, SUB)).toBe(mentioned)
    expect([await vault.known(ISSUER, SUB), await vault.isSub(ISSUER, SUB)]).toEqual([undefined, false])
    const pseudonym = await vault.pseudonymOf(ISSUER, SUB)
    expect(await vault.mentioned(ISSUER, SUB)).toBe(pseudonym)
    expect(await vault.isSub(ISSUER, SUB.toUpperCase().replaceAll('-', ''))).toBe(true)
  })

  test('commitments are the same on every PDP and after a restart', async () => {
    const other = await openPdp(place.connect())
    expect(other.vault.commit('words')).toBe(stores.vault.commit('words'))
    expect(stores.vault.commit('words')).toMatch(/^~[\w-]{22}$/u)
  })

  const anErasure = (person: PartyRef, id = 'e1'): PersonErasure => ({ id, person, by: person, at: NOW })

  /** As the PDP erases: every store does its part of one transaction. */
  async function erase(erasure: PersonErasure, services: readonly string[]): Promise<void> {
    await stores.people.putErasure(erasure)
    const ended = await stores.vault.beginErasure(erasure.person)
    await stores.transaction(async ({ vault, register, answers, invitations, people }) => {
      const encrypted = await vault.erase(erasure.person)
      await register.eraseWordsOf(erasure.person)
      await answers.dropOf(erasure.person)
      await invitations.withdrawAllOf(erasure.person)
      await people.completeErasure(erasure, encrypted, services)
    })
    ended()
    await stores.scrub()
  }

  test('an erasure is pending until it is complete; then services are told, by sub, until each has acknowledged', async () => {
    const { people, vault } = stores
    const person = await vault.pseudonymOf(ISSUER, SUB)
    await people.putErasure(anErasure(person))
    expect([await people.isErasing(person), await people.erasures()]).toEqual([true, [anErasure(person)]])
    await erase(anErasure(person), ['trips', 'care'])
    expect([await people.isErasing(person), await people.erasures()]).toEqual([false, []])
    expect([await vault.known(ISSUER, SUB), await vault.subOf(person)]).toEqual([undefined, undefined])
    const notice = { id: 'e1', issuer: ISSUER, sub: SUB, erased_at: new Date(NOW).toISOString() }
    expect(await people.notices('trips', '', 10)).toEqual([notice])
    expect(await people.notices('trips', 'e1', 10)).toEqual([])
    expect([await people.waitingFor('e1'), await people.isTold('trips', 'e1')]).toEqual([['care', 'trips'], true])
    await people.acknowledge('trips', 'e1')
    expect(await people.waitingFor('e1')).toEqual(['care'])
    expect([await people.dropNoticesExcept(['trips']), await people.dropNoticesExcept(['trips'])]).toEqual([
      true,
      false,
    ])
    expect(await people.waitingFor('e1')).toEqual([])
  })

  test('of a person who was erased no byte is left, of those beside them everything', async () => {
    const words = 'words-of-petra-planted'
    const person = await stores.vault.pseudonymOf(ISSUER, SUB)
    const beside = await Promise.all(
      Array.from({ length: 60 }, (_, index) => stores.vault.pseudonymOf(ISSUER, `sub-${'x'.repeat(index)}-${index}`)),
    )
    await stores.register.proposeGrant(aGrant('g1'), NOW)
    await stores.register.completeGrant('g1')
    const end = { by: person, at: NOW, reason: words }
    await stores.register.proposeEnd('g1', end)
    await stores.register.endGrant('g1', end)
    const answer = { id: 'a1', caller: person, request: 'r', sealed: Buffer.from(words), at: NOW }
    await stores.answers.keep(answer, 0)
    await stores.answers.keep({ ...answer, id: 'a2', caller: 'user:other', sealed: Buffer.from('kept') }, 0)
    const [row] = await (await place.connect()).rows('SELECT sealed FROM vault WHERE pseudonym = $1', person.slice(5))
    const encrypted = Buffer.from(row?.['sealed'] as Uint8Array).toString('latin1')
    expect(await place.bytes()).toContain(encrypted)
    await erase(anErasure(person), [])
    const left = await place.bytes()
    for (const gone of [words, encrypted]) expect(left.includes(gone)).toBe(false)
    expect(await Promise.all(beside.map((one) => stores.vault.subOf(one)))).not.toContain(undefined)
    expect([await stores.answers.find('a1', 0), (await stores.answers.find('a2', 0))?.caller]).toEqual([
      undefined,
      'user:other',
    ])
  })

  test('an erasure that fails half way has done nothing', async () => {
    const { vault, people } = stores
    const person = await vault.pseudonymOf(ISSUER, SUB)
    await people.putErasure(anErasure(person))
    const ended = await vault.beginErasure(person)
    const broken = stores.transaction(async (within) => {
      await within.vault.erase(person)
      await within.people.completeErasure(anErasure(person), undefined, ['trips'])
      throw new Error('cut off')
    })
    await expect(broken).rejects.toThrow('cut off')
    ended()
    expect([await vault.subOf(person), await people.isErasing(person)]).toEqual([SUB, true])
    expect(await people.waitingFor('e1')).toEqual([])
  })

  test('a token from before the erasure brings nobody back, not even while it is under way; a later one is of a new person', async () => {
    const { vault } = stores
    const person = await vault.pseudonymOf(ISSUER, SUB)
    expect(await vault.pseudonymOfToken(ISSUER, SUB, Date.now())).toBe(person)
    const [, ...asked] = await Promise.all([
      erase(anErasure(person), []),
      ...Array.from({ length: 5 }, () => vault.pseudonymOfToken(ISSUER, SUB, 0)),
    ])
    expect(asked.every((one) => one === undefined || one === person)).toBe(true)
    expect(await vault.pseudonymOfToken(ISSUER, SUB, 0)).toBeUndefined()
    expect(await vault.known(ISSUER, SUB)).toBeUndefined()
    const later = await vault.pseudonymOfToken(ISSUER, SUB, Date.now() + 60_000)
    expect(later).not.toBe(person)
    expect(later && (await vault.subOf(later))).toBe(SUB)
  })

  test('what was looked up while an erasure went on is not cached', async () => {
    const { vault } = stores
    const person = await vault.pseudonymOf(ISSUER, SUB)
    const ended = await vault.beginErasure(person)
    // The row is there: whoever asks now is told of it, and it must not be remembered.
    expect([await vault.known(ISSUER, SUB), await vault.subOf(person)]).toEqual([person, SUB])
    const reading = vault.known(ISSUER, SUB)
    await stores.transaction((within) => within.vault.erase(person))
    ended()
    await reading
    expect([await vault.known(ISSUER, SUB), await vault.subOf(person)]).toEqual([undefined, undefined])
  })

  test('a look-up is approved once, ends by its age, and goes with each person of it', async () => {
    const { lookups } = stores
    const aLookup = (id: string, askedAt: number, askedBy: PartyRef = 'user:p_a') =>
      ({ id, caseNumber: 'C-1', person: 'user:p_z', askedBy, askedAt, approvedBy: undefined }) as const
    for (const [id, at] of [
      ['l1', 1],
      ['l2', 2],
      ['l3', 3],
    ] as const)
      await lookups.add(aLookup(id, at))
    expect((await lookups.askedAfter(1)).map(({ id }) => id)).toEqual(['l3', 'l2'])
    expect([await lookups.approve('l2', 'user:p_b'), await lookups.approve('l2', 'user:p_c')]).toEqual([true, false])
    expect(await lookups.byId('l2')).toEqual({ ...aLookup('l2', 2), approvedBy: 'user:p_b' })
    await lookups.dropUntil(1)
    expect(await lookups.byId('l1')).toBeUndefined()
    await lookups.dropOf('user:p_b')
    expect((await lookups.askedAfter(0)).map(({ id }) => id)).toEqual(['l3'])
    for (const person of ['user:p_z', 'user:p_a'] as const) {
      await lookups.dropOf(person)
      expect(await lookups.askedAfter(0)).toEqual([])
      await lookups.add(aLookup('l4', 4))
    }
  })

  test('a legal hold stays with whoever set it first, until it is lifted', async () => {
    const { people } = stores
    await people.setHold('user:p_a', { by: 'user:p_b', at: 1 })
    await people.setHold('user:p_a', { by: 'user:p_c', at: 2 })
    expect([await people.isHeld('user:p_a'), await people.isHeld('user:p_b')]).toEqual([true, false])
    await people.setHold('user:p_d', { by: 'user:p_b', at: 3 })
    expect(await people.holds()).toEqual([
      { person: 'user:p_d', by: 'user:p_b', at: 3 },
      { person: 'user:p_a', by: 'user:p_b', at: 1 },
    ])
    await people.setHold('user:p_d', undefined)
    await people.setHold('user:p_a', undefined)
    expect(await people.isHeld('user:p_a')).toBe(false)
  })

  test('up to where erasures were applied is one place for each log', async () => {
    const { people } = stores
    expect(await people.erasuresApplied()).toBeUndefined()
    for (const next of [3, 7]) await people.setErasuresApplied({ next, last: `hash-${next}` })
    const other = await openPdp(place.connect(), { owner: 'another' })
    expect(await other.people.erasuresApplied()).toBeUndefined()
    await other.people.setErasuresApplied({ next: 2, last: 'hash-2' })
    expect(await people.erasuresApplied()).toEqual({ next: 7, last: 'hash-7' })
    expect(await other.people.erasuresApplied()).toEqual({ next: 2, last: 'hash-2' })
  })
})

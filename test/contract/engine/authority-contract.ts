/**
 * The contract of {@link Authority}: each change whole, visible when it resolves, and one of several at once wins.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GateLimit, GrantBody } from '../../../pdp/src/ports/grants.ts'
import {
  aGrant,
  anAgent,
  anItem,
  aPersona,
  asks,
  aUser,
  aWorkflow,
  type EngineUnderTest,
  fresh,
  HOUR_MS,
  type Implementation,
  linkQuestion,
  NOW,
  newId,
  titleQuestion,
} from './subject.ts'

export function authorityContract({ open }: Implementation<EngineUnderTest>): void {
  let engine: EngineUnderTest
  beforeAll(async () => {
    engine = await open()
  })
  afterAll(() => engine?.close())

  const issued = async (): Promise<GrantBody> => {
    const grant = aGrant(aWorkflow(), anAgent())
    await engine.authority.issue(grant)
    return grant
  }
  const renewed = (from: GrantBody): GrantBody => {
    const id = newId()
    return { ...from, id, path: [id] }
  }
  const end = (grant: GrantBody) => engine.authority.end(grant, grant.delegator, NOW, 'test')
  /** By the stored edge, and by the question that decisions ask. */
  const isLive = async (grant: GrantBody) => {
    const live = await engine.authority.isLive(grant)
    expect(await asks(engine, linkQuestion(grant), grant)).toBe(live)
    return live
  }

  describe('grants', () => {
    test('issued, ended once, swept as often as one likes', async () => {
      const grant = aGrant(aWorkflow(), anAgent())
      expect(await isLive(grant)).toBe(false)
      await engine.authority.issue(grant)
      expect(await isLive(grant)).toBe(true)
      await expect(engine.authority.issue(grant)).rejects.toMatchObject({ code: 'conflict' })
      expect(await end(grant)).toBe(true)
      expect(await isLive(grant)).toBe(false)
      expect(await end(grant)).toBe(false)
      expect((await engine.relations.bodies([grant.id], fresh())).has(grant.id)).toBe(true)
      await engine.authority.sweep(grant)
      await engine.authority.sweep(grant)
      expect(await isLive(grant)).toBe(false)
    })

    test('of several ends at once one has ended it', async () => {
      const grant = await issued()
      const ends = await Promise.all(Array.from({ length: 4 }, () => end(grant)))
      expect(ends.filter(Boolean)).toHaveLength(1)
      expect(await isLive(grant)).toBe(false)
    })
  })

  describe('replacing', () => {
    test('ends each old grant and issues each new one', async () => {
      const old = [await issued(), await issued()]
      const exchanged = old.map((from) => ({ from, to: renewed(from) }))
      await engine.authority.replace(exchanged, 'user:p_someone', NOW)
      for (const { from, to } of exchanged) expect([await isLive(from), await isLive(to)]).toEqual([false, true])
    })

    test('is all or nothing: one grant that has ended leaves every other one as it was', async () => {
      const old = [await issued(), await issued()]
      await end(old[1] ?? expect.fail())
      const exchanged = old.map((from) => ({ from, to: renewed(from) }))
      await expect(engine.authority.replace(exchanged, 'user:p_someone', NOW)).rejects.toMatchObject({
        code: 'conflict',
      })
      expect(await Promise.all(old.map(isLive))).toEqual([true, false])
      expect(await Promise.all(exchanged.map(({ to }) => isLive(to)))).toEqual([false, false])
    })

    test('against an end at the same time: one of the two wins, and there is never both or neither grant', async () => {
      for (let round = 0; round < 5; round += 1) {
        const from = await issued()
        const to = renewed(from)
        const [replaced, ended] = await Promise.allSettled([
          engine.authority.replace([{ from, to }], 'user:p_someone', NOW),
          end(from),
        ])
        const won = replaced.status === 'fulfilled'
        expect(ended).toMatchObject({ status: 'fulfilled', value: !won })
        expect([await isLive(from), await isLive(to)]).toEqual([false, won])
      }
    })

    test('as many as one change holds, and no more', () => {
      const from = aGrant(aWorkflow(), anAgent())
      const one = { from, to: renewed(from) }
      expect(engine.authority.fits([one])).toBe(true)
      expect(engine.authority.fits(Array.from({ length: 100 }, () => one))).toBe(false)
    })
  })

  describe('resources', () => {
    test('registered once, removed once', async () => {
      for (const located of [aWorkflow(), anItem(aWorkflow())]) {
        expect(await engine.authority.register(located)).toBe(true)
        expect(await engine.authority.register(located)).toBe(false)
        expect(await engine.authority.unregister(located)).toBe(true)
        expect(await engine.authority.unregister(located)).toBe(false)
      }
    })

    test('of several registrations at once one wins', async () => {
      const located = aWorkflow()
      const done = await Promise.all(Array.from({ length: 4 }, () => engine.authority.register(located)))
      expect(done.filter(Boolean)).toHaveLength(1)
      await engine.authority.settled(located.resource)
      expect(await engine.relations.locate(located.resource, fresh())).toEqual(located)
    })

    test('a transfer ends the old title; the same again is no change', async () => {
      const located = aWorkflow()
      await engine.authority.register(located)
      const to = { ...aWorkflow(), resource: located.resource, root: located.root }
      for (let time = 0; time < 2; time += 1) {
        await engine.authority.transfer(to)
        expect([await asks(engine, titleQuestion(located)), await asks(engine, titleQuestion(to))]).toEqual([
          false,
          true,
        ])
      }
    })
  })

  describe('personas', () => {
    const gate = (value: number): GateLimit => ({
      relation: 'travel_price',
      limit: { bound: 'at_most', value, unit: 'EUR' },
    })

    test('dates and gates are exactly the last ones, whatever they were before', async () => {
      const persona = aPersona(aUser())
      const usable = (now: number) => asks(engine, { kind: 'persona', persona }, undefined, { now })
      await engine.authority.setPersona(persona, { from: NOW, till: NOW + HOUR_MS }, [gate(5)])
      await engine.authority.setPersona(persona, { from: NOW, till: NOW + 2 * HOUR_MS }, [])
      expect([await usable(NOW + HOUR_MS), await usable(NOW + 2 * HOUR_MS)]).toEqual([true, false])
      const question = { kind: 'gate', relation: 'travel_price', persona, value: 1, unit: 'EUR' } as const
      expect(await asks(engine, question)).toBe(false)
    })

    test('of two changes at once, what is stored is one of them as a whole, or one is a conflict', async () => {
      const persona = aPersona(aUser())
      const wanted = [1, 2].map((n) => ({ till: NOW + n * HOUR_MS, value: n }))
      const done = await Promise.allSettled(
        wanted.map(({ till, value }) => engine.authority.setPersona(persona, { from: NOW, till }, [gate(value)])),
      )
      for (const result of done)
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'conflict' })
      const bound = (await engine.relations.settings(persona, fresh())).get('travel_price')?.bound
      const isLonger = await asks(engine, { kind: 'persona', persona }, undefined, { now: NOW + HOUR_MS })
      expect(bound === 2).toBe(isLonger)
    })
  })
}

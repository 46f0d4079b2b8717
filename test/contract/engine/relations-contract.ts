/**
 * The contract of {@link Relations} for the model of grants: on every implementation, whether it is cached or not.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Unanswered } from '../../../pdp/src/ports/answer.ts'
import type { GrantBody } from '../../../pdp/src/ports/grants.ts'
import type { Circumstances, Question } from '../../../pdp/src/ports/question.ts'
import { RequestStatistics } from '../../../pdp/src/ports/request-statistics.ts'
import { seatsOf } from '../../../pdp/src/ports/scopes.ts'
import {
  aChild,
  aGrant,
  anAgent,
  anItem,
  aPersona,
  asks,
  aUser,
  aWorkflow,
  circumstancesFor,
  type EngineUnderTest,
  fresh,
  HOUR_MS,
  type Implementation,
  linkQuestion,
  NOW,
  titleQuestion,
} from './subject.ts'

export function relationsContract({ open, looksFreshly = false }: Implementation<EngineUnderTest>): void {
  let engine: EngineUnderTest
  beforeAll(async () => {
    engine = await open()
  })
  afterAll(() => engine?.close())

  const issued = async (change: Partial<GrantBody> = {}, delegate = anAgent()): Promise<GrantBody> => {
    const grant = aGrant(aWorkflow(), delegate, change)
    await engine.authority.issue(grant)
    return grant
  }

  describe('locate', () => {
    test('what was never registered is nowhere', async () => {
      expect(await engine.relations.locate(aWorkflow().resource, fresh())).toBeUndefined()
    })

    test('a topmost resource and a part: owner, deed, persona, and the way up', async () => {
      const root = aWorkflow()
      const part = anItem(root)
      await engine.authority.register(root)
      await engine.authority.register(part)
      expect(await engine.relations.locate(root.resource, fresh())).toEqual(root)
      expect(await engine.relations.locate(part.resource, fresh())).toEqual(part)
      expect(await engine.relations.locate(part.resource, new RequestStatistics())).toEqual(part)
    })

    test('after a transfer, a fresh look at a part shows the new owner, and so does one at the root', async () => {
      const root = aWorkflow()
      const part = anItem(root)
      await engine.authority.register(root)
      await engine.authority.register(part)
      await engine.relations.locate(part.resource, new RequestStatistics())
      const { owner, persona, deed } = aWorkflow()
      await engine.authority.transfer({ ...root, owner, persona, deed })
      expect(await engine.relations.locate(root.resource, new RequestStatistics())).toEqual({
        ...root,
        owner,
        persona,
        deed,
      })
      expect(await engine.relations.locate(part.resource, fresh())).toEqual({ ...part, owner, persona, deed })
    })

    test('a part that is not looked at freshly counts as remembered, unless every look is fresh', async () => {
      const root = aWorkflow()
      const part = anItem(root)
      await engine.authority.register(root)
      await engine.authority.register(part)
      const statistics = new RequestStatistics()
      await engine.relations.locate(part.resource, statistics)
      expect(statistics.remembered).toBe(looksFreshly ? 0 : 1)
    })

    test('what was removed is nowhere', async () => {
      const root = aWorkflow()
      await engine.authority.register(root)
      await engine.relations.locate(root.resource, new RequestStatistics())
      await engine.authority.unregister(root)
      expect(await engine.relations.locate(root.resource, new RequestStatistics())).toBeUndefined()
    })
  })

  describe('personas', () => {
    const personasOf = (user: ReturnType<typeof aUser>) => engine.relations.personasOf(user, new RequestStatistics())

    test('every persona that was ever held, usable or not; of a stranger none', async () => {
      const user = aUser()
      expect(await personasOf(user)).toEqual([])
      await engine.authority.setPersona(aPersona(user, 'family'), { from: NOW, till: NOW + 1 }, [])
      expect(await personasOf(user)).toEqual([aPersona(user, 'family')])
      await engine.authority.setPersona(aPersona(user, 'club'), undefined, [])
      expect([...(await personasOf(user))].sort()).toEqual([aPersona(user, 'club'), aPersona(user, 'family')])
    })

    test.for([
      ['a millisecond before it begins', NOW - 1, false],
      ['when it begins', NOW, true],
      ['a millisecond before it ends', NOW + HOUR_MS - 1, true],
      ['when it ends', NOW + HOUR_MS, false],
    ] as const)('%s', async ([, now, usable]) => {
      const persona = aPersona(aUser())
      await engine.authority.setPersona(persona, { from: NOW, till: NOW + HOUR_MS }, [])
      expect(await asks(engine, { kind: 'persona', persona }, undefined, { now })).toBe(usable)
    })

    test('a persona that was made unusable', async () => {
      const persona = aPersona(aUser())
      const usable = { from: NOW, till: NOW + HOUR_MS }
      await engine.authority.setPersona(persona, usable, [])
      expect(await asks(engine, { kind: 'persona', persona })).toBe(true)
      await engine.authority.setPersona(persona, undefined, [])
      expect(await asks(engine, { kind: 'persona', persona })).toBe(false)
    })
  })

  describe('candidates', () => {
    const found = async (grant: GrantBody, statistics = fresh()) => {
      const seats = seatsOf(grant).map(({ seat }) => seat)
      return (await engine.relations.candidates(seats, statistics)).filter((one) => one.grant === grant.id)
    }

    test('a live grant at each of its seats, with its chain; nowhere else', async () => {
      const grant = await issued()
      const seats = seatsOf(grant).map(({ seat }) => seat)
      expect(seats).toHaveLength(2)
      const candidates = await engine.relations.candidates(seats, fresh())
      expect(candidates).toEqual(
        seats.map((seat) => ({ grant: grant.id, seat, path: grant.path, givers: grant.givers })),
      )
      expect(
        await engine.relations.candidates(
          seatsOf(aGrant(aWorkflow(), anAgent())).map(({ seat }) => seat),
          fresh(),
        ),
      ).toEqual([])
    })

    test('an expired grant is there still', async () => {
      expect(await found(await issued({ expiresAt: NOW - 1 }))).toHaveLength(2)
    })

    test('one that has ended is gone, for whoever looked before too', async () => {
      const grant = await issued()
      await found(grant, new RequestStatistics())
      await engine.authority.end(grant, grant.delegator, NOW, 'test')
      expect(await found(grant, new RequestStatistics())).toEqual([])
    })

    test('a new grant is there for whoever looked before', async () => {
      const grant = aGrant(aWorkflow(), anAgent())
      expect(await found(grant, new RequestStatistics())).toEqual([])
      await engine.authority.issue(grant)
      expect(await found(grant, new RequestStatistics())).toHaveLength(2)
    })

    test('an attended agent has no seat of its own', async () => {
      const grant = await issued({ unattended: false })
      expect((await found(grant)).map(({ seat }) => seat.onBehalfOf)).toEqual([grant.delegator])
    })
  })

  describe('bodies', () => {
    test('exactly as issued, also after the end; none for an id that never was', async () => {
      const grant = await issued({
        atMost: { 'planned_price.EUR': 5 },
        atLeast: { 'starts_at.ahead': 60 },
        asks: 'traveler',
      })
      const part = aGrant(aWorkflow(), aUser(), { covers: 'workflow_item:an item' })
      const child = { ...aChild(part, aUser()), scope: { deed: '01D', part: 'workflow_item:an item' } } as const
      const all = {
        ...aGrant(aWorkflow(), aUser()),
        covers: 'all:travel',
        scope: { domain: 'travel', persona: grant.delegatorPersona },
      }
      for (const one of [child, all]) await engine.authority.issue(one)
      await engine.authority.end(grant, grant.delegator, NOW, 'test')
      const ids = [grant.id, child.id, all.id, 'never']
      const bodies = await engine.relations.bodies([...ids, grant.id], fresh())
      expect(bodies).toEqual(
        new Map([
          [grant.id, grant],
          [child.id, child],
          [all.id, all],
        ]),
      )
    })
  })

  describe('a link', () => {
    test.for([
      ['as it was given', {}, {}, true],
      ['a millisecond before it expires', {}, { now: NOW + HOUR_MS - 1 }, true],
      ['at its expiry', {}, { now: NOW + HOUR_MS }, false],
      ['for another action', {}, { action: 'delegate' }, false],
      ['outside its scope', {}, { within: [{ deed: 'another', part: undefined }] }, false],
      ['at its limit', { atMost: { risk: 2 } }, { limited: true, attributes: { risk: 2 } }, true],
      ['above its limit', { atMost: { risk: 2 } }, { limited: true, attributes: { risk: 2.5 } }, false],
      ['below its least', { atLeast: { risk: 2 } }, { limited: true, attributes: { risk: 1 } }, false],
      ['without what its limit looks at', { atMost: { risk: 2 } }, { limited: true, attributes: {} }, false],
      ['in another unit', { atMost: { 'price.EUR': 2 } }, { limited: true, attributes: { 'price.USD': 1 } }, false],
      ['above a limit that does not bind', { atMost: { risk: 2 } }, { attributes: { risk: 3 } }, true],
    ] as readonly (readonly [string, Partial<GrantBody>, Partial<Circumstances>, boolean])[])(
      '%s',
      async ([, change, circumstances, affirmed]) => {
        const grant = await issued(change)
        expect(await asks(engine, linkQuestion(grant), grant, circumstances)).toBe(affirmed)
      },
    )

    test('only from its own giver, owner and parent', async () => {
      const grant = await issued({}, aUser())
      const child = aChild(grant, anAgent())
      await engine.authority.issue(child)
      const ask = (question: Question) => asks(engine, question, grant)
      expect(await ask(linkQuestion(child))).toBe(true)
      expect(await ask({ kind: 'root', owner: grant.owner, grant: grant.id, standing: ['persona:another'] })).toBe(
        false,
      )
      expect(await ask({ kind: 'root', owner: aUser(), grant: grant.id, standing: grant.givers })).toBe(false)
      expect(await ask({ kind: 'root', owner: grant.owner, grant: child.id, standing: child.givers })).toBe(false)
      expect(await ask({ kind: 'parent', parent: child.id, grant: grant.id, standing: grant.givers })).toBe(false)
    })

    test('a proposed grant confers nothing, whether it is stored or not', async () => {
      const grant = await issued()
      engine.proposed.add(grant.id)
      expect(await asks(engine, linkQuestion(grant), grant)).toBe(false)
      engine.proposed.delete(grant.id)
      expect(await asks(engine, linkQuestion(grant), grant)).toBe(true)
    })
  })

  describe('a seat', () => {
    test('is good only for who acts in the persona that it asks for', async () => {
      const grant = await issued({ asks: 'traveler', unattended: true })
      for (const { seat, asks: persona } of seatsOf(grant)) {
        const question: Question = { kind: 'seat', seat, grant: grant.id }
        expect(await asks(engine, question, grant, { acting: ['', persona] })).toBe(true)
        expect(await asks(engine, question, grant, { acting: [''] })).toBe(false)
      }
    })
  })

  describe('titles and parts', () => {
    test('only as they stand now', async () => {
      const root = aWorkflow()
      const part = anItem(root)
      await engine.authority.register(root)
      await engine.authority.register(part)
      expect(await asks(engine, titleQuestion(root))).toBe(true)
      expect(await asks(engine, titleQuestion({ ...root, deed: 'another' }))).toBe(false)
      expect(await asks(engine, titleQuestion({ ...root, persona: 'another' }))).toBe(false)
      expect(await asks(engine, titleQuestion({ ...root, owner: aUser() }))).toBe(false)
      expect(await asks(engine, { kind: 'part', child: part.resource, parent: root.resource })).toBe(true)
      expect(await asks(engine, { kind: 'part', child: part.resource, parent: aWorkflow().resource })).toBe(false)
    })
  })

  describe('agents', () => {
    test('unknown, active, suspended, active again', async () => {
      const agent = anAgent()
      const state = async () => [
        await engine.relations.isRegistered(agent, fresh()),
        await asks(engine, { kind: 'agent', agent }),
      ]
      expect(await state()).toEqual([false, false])
      await engine.authority.setAgent(agent, true)
      expect(await state()).toEqual([true, true])
      await engine.authority.setAgent(agent, false)
      expect(await state()).toEqual([true, false])
      await engine.authority.setAgent(agent, true)
      expect(await state()).toEqual([true, true])
    })
  })

  describe('gates', () => {
    const price = (bound: 'at_most' | 'at_least', value: number) => ({ bound, value, unit: 'EUR' })

    test.for([
      ['at the bound', 'travel_price', 100, 'EUR', true],
      ['above it', 'travel_price', 101, 'EUR', false],
      ['in another unit', 'travel_price', 1, 'USD', false],
      ['at the least', 'travel_lead_time', 60, 'ahead', true],
      ['below the least', 'travel_lead_time', 59, 'ahead', false],
      ['consent', 'travel_consent', 0, '', true],
      ['a setting that was never made', 'travel_risk', 0, '', false],
    ] as const)('%s', async ([, relation, value, unit, isOpen]) => {
      const persona = aPersona(aUser())
      await engine.authority.setPersona(persona, undefined, [
        { relation: 'travel_consent', limit: undefined },
        { relation: 'travel_price', limit: price('at_most', 100) },
        { relation: 'travel_lead_time', limit: { bound: 'at_least', value: 60, unit: 'ahead' } },
      ])
      expect(await asks(engine, { kind: 'gate', relation, persona, value, unit })).toBe(isOpen)
    })

    test('settings are exactly those that were set last', async () => {
      const persona = aPersona(aUser())
      const settings = async () => {
        const found = await engine.relations.settings(persona, fresh())
        return Object.fromEntries([...found].filter(([relation]) => relation.startsWith('travel_')))
      }
      await engine.authority.setPersona(persona, undefined, [
        { relation: 'travel_consent', limit: undefined },
        { relation: 'travel_price', limit: price('at_most', 100) },
      ])
      expect(await settings()).toEqual({
        travel_consent: { bound: 0, unit: '' },
        travel_price: { bound: 100, unit: 'EUR' },
      })
      await engine.authority.setPersona(persona, undefined, [{ relation: 'travel_price', limit: price('at_most', 7) }])
      expect(await settings()).toEqual({ travel_price: { bound: 7, unit: 'EUR' } })
    })
  })

  describe('asking', () => {
    test('more questions than one request holds, some of them twice: each has its own answer', async () => {
      const agents = Array.from({ length: 120 }, anAgent)
      await Promise.all(agents.slice(0, 10).map((agent) => engine.authority.setAgent(agent, true)))
      const questions = [...agents, ...agents.slice(0, 5)].map((agent): Question => ({ kind: 'agent', agent }))
      const answers = await engine.relations.ask(questions, circumstancesFor(engine), fresh())
      expect(questions.map((question) => answers.affirms(question))).toEqual(
        questions.map((_, index) => index % 120 < 10),
      )
    })

    test('a question that was not asked has no answer', async () => {
      const answers = await engine.relations.ask([], circumstancesFor(engine), fresh())
      expect(answers.to({ kind: 'agent', agent: anAgent() })).toBeInstanceOf(Unanswered)
    })
  })
}

/** The same for an engine that loses its store. */
export function outageContract({ open, knowsOutcomes = false }: Implementation<EngineUnderTest>): void {
  test('without an answer of the store every question and every look is a fault, never a guess', async () => {
    await using stack = new AsyncDisposableStack()
    const engine = stack.adopt(await open(), (one) => one.close())
    const root = aWorkflow()
    const grant = aGrant(root, anAgent())
    await engine.authority.register(root)
    await engine.authority.issue(grant)
    engine.outage('unreachable')
    const fault = { code: 'relations_unavailable' }
    await expect(engine.relations.locate(root.resource, fresh())).rejects.toMatchObject(fault)
    await expect(engine.relations.personasOf(root.owner, fresh())).rejects.toMatchObject(fault)
    await expect(
      engine.relations.candidates(
        seatsOf(grant).map(({ seat }) => seat),
        fresh(),
      ),
    ).rejects.toMatchObject(fault)
    await expect(engine.relations.bodies(['another'], fresh())).rejects.toMatchObject(fault)
    await expect(asks(engine, linkQuestion(grant), grant)).rejects.toMatchObject(fault)
    await expect(engine.authority.isLive(grant)).rejects.toMatchObject(fault)
    await expect(engine.authority.issue(aGrant(root, anAgent()))).rejects.toMatchObject(fault)
    engine.mend()
    await expect.poll(() => asks(engine, linkQuestion(grant), grant).catch(() => 'no answer')).toBe(true)
  })

  if (knowsOutcomes) {
    test('a change that could not be written was not made, and the same change can be made later', async () => {
      await using stack = new AsyncDisposableStack()
      const engine = stack.adopt(await open(), (one) => one.close())
      const [given, ended] = [aGrant(aWorkflow(), anAgent()), aGrant(aWorkflow(), anAgent())]
      await engine.authority.issue(ended)
      engine.outage('unreachable')
      const end = () => engine.authority.end(ended, ended.delegator, NOW, 'test')
      for (const attempt of [engine.authority.issue(given), end()])
        await expect(attempt).rejects.toMatchObject({ code: 'relations_unavailable' })
      engine.mend()
      const states = async () => Promise.all([given, ended].map((grant) => asks(engine, linkQuestion(grant), grant)))
      expect(await states()).toEqual([false, true])
      expect(await engine.undecided.decideAll(() => undefined)).toBe(0)
      await engine.authority.issue(given)
      expect(await end()).toBe(true)
      expect(await states()).toEqual([true, false])
    })
    return
  }

  test.for(['issue', 'end'] as const)(
    'a change (%s) whose outcome is unknown permits nothing until it is decided',
    async (change) => {
      await using stack = new AsyncDisposableStack()
      const engine = stack.adopt(await open(), (one) => one.close())
      const grant = aGrant(aWorkflow(), anAgent())
      if (change === 'end') await engine.authority.issue(grant)
      engine.outage('lost answers')
      const attempt =
        change === 'issue' ? engine.authority.issue(grant) : engine.authority.end(grant, grant.delegator, NOW, 'test')
      await expect(attempt).rejects.toMatchObject({ code: 'relations_unavailable' })
      const answers = await engine.relations.ask([linkQuestion(grant)], circumstancesFor(engine, grant), fresh())
      expect(answers.to(linkQuestion(grant))).not.toBe(true)
      engine.mend()
      await expect.poll(() => engine.undecided.decideAll(() => undefined)).toBe(0)
      const live = await engine.authority.isLive(grant)
      expect(live, 'the change was carried out').toBe(change === 'issue')
      expect(await asks(engine, linkQuestion(grant), grant)).toBe(live)
    },
  )
}

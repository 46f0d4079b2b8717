/**
 * The contract of {@link FactWriter}, with the questions of domains' own models that rest on its facts.
 *
 * @module
 */
import type { PartyRef, ResourceRef } from '@mandate/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FactsChanged, Unanswered } from '../../../pdp/src/ports/answer.ts'
import type { AttributesFact, Fact, RelationFact } from '../../../pdp/src/ports/domain-facts.ts'
import type { Circumstances, Question } from '../../../pdp/src/ports/question.ts'
import {
  anAgent,
  aUser,
  circumstancesFor,
  type FactEngineUnderTest,
  fresh,
  type Implementation,
  NOW,
  newId,
} from './subject.ts'

export function factsContract({ open, knowsOutcomes = false }: Implementation<FactEngineUnderTest>): void {
  let engine: FactEngineUnderTest
  beforeAll(async () => {
    engine = await open()
  })
  afterAll(() => engine?.close())

  const aSheet = (): ResourceRef => `sheet:a sheet ${newId()}`
  const fact = (
    resource: ResourceRef,
    relation: string,
    subject: ResourceRef,
    change: Partial<RelationFact> = {},
  ): RelationFact => ({
    domain: resource.startsWith('folder:') ? 'folders' : 'sheets',
    subject,
    subjectRelation: undefined,
    relation,
    resource,
    condition: undefined,
    ...change,
  })
  const until = (end: number) => ({ name: 'until', context: { end: new Date(end).toISOString() } })
  const write = async (...facts: readonly Fact[]) => engine.facts.carryOut(await engine.facts.plan(facts, []))
  const remove = async (...facts: readonly Fact[]) => engine.facts.carryOut(await engine.facts.plan([], facts))
  const question = (subject: PartyRef, relation: string, resource: ResourceRef, context: object = {}): Question => ({
    kind: 'relation',
    subject,
    relation,
    resource,
    domain: undefined,
    context: { ...context },
    asOf: engine.relations.factsVersion,
  })
  const answer = async (asked: Question, change: Partial<Circumstances> = {}) =>
    (await engine.relations.ask([asked], circumstancesFor(engine, undefined, change), fresh())).to(asked)
  const reads = (user: PartyRef, sheet: ResourceRef, now = NOW) => answer(question(user, 'can_read', sheet), { now })

  test('a plan changes nothing; carried out it does, and removing takes it back', async () => {
    const [user, sheet] = [aUser(), aSheet()]
    const plan = await engine.facts.plan([fact(sheet, 'reader', user)], [])
    expect(await reads(user, sheet)).toBe(false)
    await engine.facts.carryOut(JSON.parse(JSON.stringify(plan)))
    expect(await reads(user, sheet)).toBe(true)
    await write(fact(sheet, 'reader', user))
    expect(await reads(user, sheet)).toBe(true)
    await remove(fact(sheet, 'reader', user))
    expect(await reads(user, sheet)).toBe(false)
    await remove(fact(sheet, 'reader', user))
  })

  test('everybody of a type: each subject, one whose id is an asterisk too', async () => {
    const sheet = aSheet()
    await write(fact(sheet, 'everyone', 'user:*'))
    const sees = (user: PartyRef) => answer(question(user, 'can_see', sheet))
    expect([await sees(aUser()), await sees('user:*')]).toEqual([true, true])
  })

  test.for([
    ['a millisecond before the end', NOW - 1, true],
    ['at the end', NOW, false],
  ] as const)('a condition, %s', async ([, now, holds]) => {
    const [user, sheet] = [aUser(), aSheet()]
    await write(fact(sheet, 'reader', user, { condition: until(NOW) }))
    expect(await reads(user, sheet, now)).toBe(holds)
  })

  test('other values of the same fact replace the old ones', async () => {
    const [user, sheet] = [aUser(), aSheet()]
    await write(fact(sheet, 'reader', user, { condition: until(NOW) }))
    await write(fact(sheet, 'reader', user, { condition: until(NOW + 5_000) }))
    expect([await reads(user, sheet, NOW + 4_999), await reads(user, sheet, NOW + 5_000)]).toEqual([true, false])
  })

  test('a parameter that is missing or of another type is no answer, and is named', async () => {
    const [user, folder] = [aUser(), `folder:${newId()}` as const]
    await write(fact(folder, 'listed', user, { condition: { name: 'among', context: { tag: 'x' } } }))
    const listed = (context: object) => answer(question(user, 'listed', folder, context))
    expect(await listed({ resource_tags: ['x', 'y'] })).toBe(true)
    expect(await listed({ resource_tags: ['y'] })).toBe(false)
    for (const context of [{}, { resource_tags: 5 }]) {
      const said = await listed(context)
      expect(said).toBeInstanceOf(Unanswered)
      expect(said).toMatchObject({ reason: 'parameter', parameters: ['resource_tags'] })
    }
  })

  test('a relation through a chain of objects', async () => {
    const user = aUser()
    const folders = Array.from({ length: 5 }, () => `folder:${newId()}` as const)
    const [top] = folders
    const parents = folders.slice(1).map((folder, index) => fact(folder, 'parent', folders[index] ?? folder))
    await write(fact(top ?? expect.fail(), 'reader', user), ...parents)
    const reader = (one: PartyRef) => answer(question(one, 'can_read', folders.at(-1) ?? expect.fail()))
    expect([await reader(user), await reader(aUser())]).toEqual([true, false])
  })

  describe('attributes', () => {
    const of = (about: PartyRef | ResourceRef, attributes: Record<string, unknown>): AttributesFact => ({
      domain: 'sheets',
      of: about,
      attributes,
    })

    test.for([
      ['of a subject', anAgent()],
      ['of a resource', 'sheet:one'],
    ] as const)('%s: exactly the last ones', async ([, about]) => {
      const attributes = () => engine.relations.attributesOf('sheets', about, fresh())
      expect(await attributes()).toEqual({})
      await write(of(about, { note: 'a', deep: { list: [1, 'x', true] } }))
      expect(await attributes()).toEqual({ note: 'a', deep: { list: [1, 'x', true] } })
      await write(of(about, { note: 'b' }))
      expect(await attributes()).toEqual({ note: 'b' })
      expect(await engine.relations.attributesOf('folders', about, fresh())).toEqual({})
      await remove(of(about, {}))
      expect(await attributes()).toEqual({})
    })

    test('with control characters in their texts', async () => {
      const about = aSheet()
      const attributes = { note: 'a\nb\u0000c\u007f\u0085\u009f' }
      await write(of(about, attributes))
      expect(await engine.relations.attributesOf('sheets', about, fresh())).toEqual(attributes)
    })

    test('changed together with a relation: what was read before is not asked with any more', async () => {
      const [user, sheet] = [aUser(), aSheet()]
      const asked = question(user, 'can_read', sheet)
      await write(fact(sheet, 'reader', user), of(sheet, { note: 'x' }))
      await expect(answer(asked)).rejects.toBeInstanceOf(FactsChanged)
      expect(await reads(user, sheet)).toBe(true)
    })
  })

  describe('a change that was cut short', () => {
    test('before anything was done: everything is as it was, for good', async () => {
      const [user, sheet] = [aUser(), aSheet()]
      const plan = await engine.facts.plan([fact(sheet, 'reader', user)], [])
      expect(await engine.facts.resolve(plan)).toBe(false)
      expect(await reads(user, sheet)).toBe(false)
      await expect(engine.facts.carryOut(plan)).rejects.toMatchObject({ code: 'conflict' })
      expect([await engine.facts.resolve(plan), await reads(user, sheet)]).toEqual([false, false])
    })

    test('after all of it: it was carried out', async () => {
      const [user, sheet] = [aUser(), aSheet()]
      const plan = await engine.facts.plan([fact(sheet, 'reader', user)], [])
      await engine.facts.carryOut(plan)
      expect([await engine.facts.resolve(plan), await reads(user, sheet)]).toEqual([true, true])
    })

    if (knowsOutcomes) {
      test('because it could not be written: everything is as it was', async () => {
        await using stack = new AsyncDisposableStack()
        const own = stack.adopt(await open(), (one) => one.close())
        const [user, sheet] = [aUser(), aSheet()]
        const plan = await own.facts.plan([fact(sheet, 'reader', user)], [])
        own.outage('unreachable')
        await expect(own.facts.carryOut(plan)).rejects.toMatchObject({ code: 'relations_unavailable' })
        own.mend()
        expect(await own.facts.resolve(plan)).toBe(false)
        const asked = { ...question(user, 'can_read', sheet), asOf: own.relations.factsVersion } as Question
        const answers = await own.relations.ask([asked], circumstancesFor(own), fresh())
        expect(answers.to(asked)).toBe(false)
      })
      return
    }

    test('whose answer was lost: unknown until it is resolved, then one or the other', async () => {
      await using stack = new AsyncDisposableStack()
      const own = stack.adopt(await open(), (one) => one.close())
      const [user, sheet] = [aUser(), aSheet()]
      const plan = await own.facts.plan([fact(sheet, 'reader', user)], [])
      own.outage('lost answers')
      await expect(own.facts.carryOut(plan)).rejects.toMatchObject({ code: 'relations_unavailable' })
      own.mend()
      const applied = await own.facts.resolve(plan)
      expect(applied, 'the change was carried out').toBe(true)
      const asked = { ...question(user, 'can_read', sheet), asOf: own.relations.factsVersion } as Question
      const answers = await own.relations.ask([asked], circumstancesFor(own), fresh())
      expect(answers.to(asked)).toBe(applied)
    })
  })

  test('all or nothing: two changes of the same facts at once', async () => {
    const [user, sheet] = [aUser(), aSheet()]
    const facts = ['reader', 'shut_out'].map((relation) => fact(sheet, relation, user))
    const plans = [await engine.facts.plan(facts, []), await engine.facts.plan(facts, [])]
    const done = await Promise.allSettled(plans.map((plan) => engine.facts.carryOut(plan)))
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect([await reads(user, sheet), await answer(question(user, 'shut_out', sheet))]).toEqual([true, true])
  })
}

/**
 * The engine against a real OpenFGA in random models: the same answers and the same errors. `FC_SEED` replays a run, `FC_ENGINE_QUESTIONS` says how
 * many questions are asked.
 *
 * @module
 */
import * as fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { type EngineQuestion, loadProgram, Program } from '../../pdp/src/engine/engine.ts'
import type { Tuple } from '../../pdp/src/tuples/tuples.ts'
import { TupleTable } from '../fixtures/tuple-table.ts'
import { chance } from '../worlds/draw.ts'
import { Comparison } from '../worlds/engine-compare.ts'
import { drawModelWorld, drawQuestion, withDefaultStrategy } from '../worlds/model-world.ts'
import { OpenFgaStore } from '../worlds/openfga-store.ts'

const QUESTIONS = Number(process.env['FC_ENGINE_QUESTIONS'] ?? 10_000) / 2
const SEED = Number(process.env['FC_SEED'] ?? (process.env['FC_ENGINE_QUESTIONS'] ? Date.now() % 2 ** 31 : 1))
const QUESTIONS_A_WORLD = 100
const MEMBER_OF_PARENT = { tupleset: { relation: 'parent' }, computedUserset: { relation: 'member' } }
const WORLDS = Math.ceil(QUESTIONS / QUESTIONS_A_WORLD)

/** Whether some relation has both a tuple of the question's user and one of everybody: the shape of ADR 0108 in which OpenFGA differs from itself. */
function hasTupleBesideEverybody({ user, contextualTuples = [] }: EngineQuestion, stored: readonly Tuple[]): boolean {
  const everybody = `${user.slice(0, user.indexOf(':'))}:*`
  const tuples = [...stored, ...contextualTuples]
  const placesOf = (name: string) =>
    tuples.filter((tuple) => tuple.user === name).map(({ object, relation }) => `${relation} ${object}`)
  const ofEverybody = new Set(placesOf(everybody))
  return user !== everybody && placesOf(user).some((place) => ofEverybody.has(place))
}

test(`${WORLDS} models, seed ${SEED}`, { timeout: 60_000 + QUESTIONS * 40 }, async () => {
  const comparison = new Comparison()
  let refused = 0
  const agree = fc.asyncProperty(fc.gen(), async (gen) => {
    const store = await OpenFgaStore.create(inject('openFga'))
    const world = drawModelWorld(gen)
    const written = await store.writeModel(world.model)
    if (written === undefined) refused += 1
    fc.pre(written !== undefined)
    await store.write(world.tuples, written ?? '')
    const areWhole = chance(gen, 50)
    // Questions whose conditions lack values are asked under OpenFGA's default strategy.
    const formed = areWhole ? (model: object) => model : withDefaultStrategy
    const narrowed = chance(gen, 50) ? await store.writeModel(formed(world.narrowed)) : undefined
    const json = formed(narrowed ? world.narrowed : world.model)
    const model = narrowed ?? (await store.writeModel(json)) ?? expect.fail('OpenFGA refuses the model')
    const program = loadProgram(json)
    if (!(program instanceof Program)) expect.fail(program.problems.join('\n'))
    expect(program.refused).toEqual([])
    const view = new TupleTable(world.tuples)
    const questions = Array.from({ length: QUESTIONS_A_WORLD }, () => drawQuestion(gen, world, areWhole))
    const defaultModel = async () => (await store.writeModel(withDefaultStrategy(json))) ?? expect.fail('refused')
    const about = { model: json, tuples: world.tuples }
    const hidesTuple = (question: EngineQuestion) => hasTupleBesideEverybody(question, world.tuples)
    await comparison.compare({ store, model, program, view, defaultModel, hidesTuple }, questions, (question) => ({
      question,
      ...about,
    }))
  })
  const { errorInstance } = await fc.check(agree, { seed: SEED, numRuns: WORLDS, endOnFailure: true, unbiased: true })
  if (errorInstance) throw errorInstance
  expect(comparison.disagreements.slice(0, 5)).toEqual([])
  expect(comparison.overlooked).toBeLessThan(comparison.asked / 2_000)
  expect(comparison.asked).toBeGreaterThanOrEqual(QUESTIONS)
  expect(refused, 'models that OpenFGA refuses').toBeLessThan(WORLDS)
  expect(comparison.met.get('true'), 'true').toBeGreaterThan(QUESTIONS / 20)
  for (const kind of ['parameter', 'refused']) expect(comparison.met.get(kind), kind).toBeGreaterThan(QUESTIONS / 500)
  expect(comparison.left, 'left to OpenFGA').toBeLessThan(comparison.asked / 50)
  expect(comparison.otherErrors + comparison.wavering).toBeLessThan(comparison.asked / 200)
})

test.for([
  ['usersets', { type: 'group', relation: 'member' }, (name: string) => `${name}#member`, { this: {} }],
  [
    'parents',
    { type: 'user' },
    (name: string) => name,
    { union: { child: [{ this: {} }, { tupleToUserset: MEMBER_OF_PARENT }] } },
  ],
] as const)('the depth limit, by %s', async ([, member, userOf, rewrite]) => {
  const json = withDefaultStrategy({
    schema_version: '1.1',
    type_definitions: [
      { type: 'user' },
      {
        type: 'group',
        relations: { parent: { this: {} }, member: rewrite },
        metadata: {
          relations: {
            parent: { directly_related_user_types: [{ type: 'group' }] },
            member: { directly_related_user_types: [{ type: 'user' }, member] },
          },
        },
      },
    ],
  })
  const store = await OpenFgaStore.create(inject('openFga'))
  const model = (await store.writeModel(json)) ?? expect.fail('OpenFGA refuses the model')
  const program = loadProgram(json)
  if (!(program instanceof Program)) expect.fail(program.problems.join('\n'))
  const relation = 'relation' in member ? 'member' : 'parent'
  const chain = Array.from({ length: 60 }, (_, index): Tuple => {
    return { user: userOf(`group:${index}`), relation, object: `group:${index + 1}` }
  })
  const tuples = [...chain, { user: 'user:anne', relation: 'member', object: 'group:0' }]
  await store.write(tuples, model)
  const comparison = new Comparison()
  const questions = tuples.map((_, index) => ({ user: 'user:anne', relation: 'member', object: `group:${index}` }))
  await comparison.compare({ store, model, program, view: new TupleTable(tuples) }, questions, (question) => question)
  expect(comparison.disagreements).toEqual([])
  expect(Object.fromEntries(comparison.met)).toEqual({ true: 50, depth: 11 })
})

const SMALL = { name: 'small', expression: 'i <= 1', parameters: { i: { type_name: 'TYPE_NAME_INT' } } }
const DIRECT = { this: {} }
const of = (relation: string) => ({ computedUserset: { relation } })
const users = (...restrictions: readonly object[]) => ({ directly_related_user_types: restrictions })

function modelWith(
  relations: Readonly<Record<string, object>>,
  restrictions: Readonly<Record<string, object>>,
): object {
  const everybody = [{ type: 'user' }, { type: 'user', wildcard: {} }, { type: 'user', condition: 'small' }]
  return {
    schema_version: '1.1',
    type_definitions: [
      { type: 'user' },
      { type: 'group', relations: { member: DIRECT }, metadata: { relations: { member: users(...everybody) } } },
      { type: 'doc', relations, metadata: { relations: restrictions } },
    ],
    conditions: { small: SMALL },
  }
}

/** Stores the tuples one after another, in this order, and compares the engine with OpenFGA's default strategy. */
async function compareByDefault(
  json: object,
  tuples: readonly Tuple[],
  questions: readonly EngineQuestion[],
): Promise<Comparison> {
  const model = withDefaultStrategy(json)
  const program = loadProgram(model)
  if (!(program instanceof Program)) expect.fail(program.problems.join('\n'))
  const store = await OpenFgaStore.create(inject('openFga'))
  const written = (await store.writeModel(model)) ?? expect.fail('OpenFGA refuses the model')
  for (const tuple of tuples) await store.write([tuple], written)
  const comparison = new Comparison()
  const view = new TupleTable(tuples)
  await comparison.compare({ store, model: written, program, view }, questions, (question) => question)
  return comparison
}

test.for([
  ['stored first', true, false],
  ['stored last', false, false],
  ['of the question', true, true],
] as const)(
  'a tuple of the user, %s, beside one of everybody: both count, also under an exclusion (ADR 0108)',
  async ([, isFirst, isContextual]) => {
    const model = modelWith(
      { viewer: DIRECT, known: DIRECT, stranger: { difference: { base: of('known'), subtract: of('viewer') } } },
      { viewer: users({ type: 'group', relation: 'member' }), known: users({ type: 'user' }), stranger: users() },
    )
    const condition = { name: 'small', context: { i: 2 } }
    const own = { user: 'user:anne', relation: 'member', object: 'group:1', condition }
    const all = { user: 'user:*', relation: 'member', object: 'group:1' }
    const others = [
      { user: 'group:1#member', relation: 'viewer', object: 'doc:1' },
      { user: 'user:anne', relation: 'known', object: 'doc:1' },
    ]
    const members = isContextual ? [all] : isFirst ? [own, all] : [all, own]
    const questions = ['viewer', 'stranger'].map((relation) => ({
      user: 'user:anne',
      relation,
      object: 'doc:1',
      ...(isContextual ? { contextualTuples: [own] } : {}),
    }))
    const { disagreements, met } = await compareByDefault(model, [...members, ...others], questions)
    expect(disagreements).toEqual([])
    expect(Object.fromEntries(met)).toEqual({ true: 1, false: 1 })
  },
)

test('a cycle beside another denial, both subtracted, is left to OpenFGA (ADR 0108)', async () => {
  const model = modelWith(
    {
      known: DIRECT,
      parent: DIRECT,
      barred: DIRECT,
      // `looping` is denied by `barred` and by a cycle through `around`, whichever is faster.
      looping: { intersection: { child: [of('barred'), of('around')] } },
      around: { tupleToUserset: { tupleset: { relation: 'parent' }, computedUserset: { relation: 'looping' } } },
      allowed: { difference: { base: of('known'), subtract: of('looping') } },
    },
    {
      known: users({ type: 'user' }),
      parent: users({ type: 'doc' }),
      barred: users({ type: 'user' }),
      looping: users(),
      around: users(),
      allowed: users(),
    },
  )
  const tuples = [
    { user: 'user:anne', relation: 'known', object: 'doc:1' },
    { user: 'doc:1', relation: 'parent', object: 'doc:1' },
  ]
  const program = loadProgram(model)
  if (!(program instanceof Program)) expect.fail(program.problems.join('\n'))
  const ask = (relation: string) =>
    program.check(new TupleTable(tuples), { user: 'user:anne', relation, object: 'doc:1' })
  expect(['known', 'looping', 'allowed'].map(ask)).toEqual([true, false, 'ask the store'])
})

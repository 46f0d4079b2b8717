/**
 * The engine against a real OpenFGA in random models: the same answers and the same errors. `FC_SEED` replays a run, `FC_ENGINE_QUESTIONS` says how
 * many questions are asked.
 *
 * @module
 */
import * as fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { loadProgram, Program } from '../../pdp/src/engine/engine.ts'
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
    await comparison.compare({ store, model, program, view, defaultModel }, questions, (question) => ({
      question,
      ...about,
    }))
  })
  const { errorInstance } = await fc.check(agree, { seed: SEED, numRuns: WORLDS, endOnFailure: true, unbiased: true })
  if (errorInstance) throw errorInstance
  expect(comparison.disagreements.slice(0, 5)).toEqual([])
  expect(comparison.asked).toBeGreaterThanOrEqual(QUESTIONS)
  expect(refused, 'models that OpenFGA refuses').toBeLessThan(WORLDS)
  expect(comparison.met.get('true'), 'true').toBeGreaterThan(QUESTIONS / 20)
  for (const kind of ['parameter', 'refused']) expect(comparison.met.get(kind), kind).toBeGreaterThan(QUESTIONS / 500)
  expect(comparison.left, 'left to OpenFGA').toBeLessThan(comparison.asked / 50)
  expect(comparison.otherErrors + comparison.wavering + comparison.overlooked).toBeLessThan(comparison.asked / 200)
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

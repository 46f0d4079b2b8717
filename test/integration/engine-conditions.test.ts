/**
 * The engine's conditions against a real OpenFGA: expressions over every parameter type, with values stored, given, missing and of another type.
 * `FC_SEED` replays a run, `FC_ENGINE_QUESTIONS` says how many questions are asked.
 *
 * @module
 */
import * as fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { type EngineQuestion, loadProgram, Program } from '../../pdp/src/engine/engine.ts'
import type { Tuple } from '../../pdp/src/tuples/tuples.ts'
import { TupleTable } from '../fixtures/tuple-table.ts'
import { conditionJson, EXPRESSIONS } from '../worlds/conditions.ts'
import { type Gen, oneOf } from '../worlds/draw.ts'
import { Comparison } from '../worlds/engine-compare.ts'
import { drawContext } from '../worlds/model-world.ts'
import { OpenFgaStore } from '../worlds/openfga-store.ts'

const QUESTIONS = Number(process.env['FC_ENGINE_QUESTIONS'] ?? 10_000) / 2
const SEED = Number(process.env['FC_SEED'] ?? (process.env['FC_ENGINE_QUESTIONS'] ? Date.now() % 2 ** 31 : 1))
/** OpenFGA's limit for one model. */
const CONDITIONS_A_MODEL = 25
const USERS = 8

const chunks = Array.from({ length: Math.ceil(EXPRESSIONS.length / CONDITIONS_A_MODEL) }, (_, index) =>
  EXPRESSIONS.slice(index * CONDITIONS_A_MODEL, (index + 1) * CONDITIONS_A_MODEL),
)
const QUESTIONS_A_CONDITION = Math.ceil(QUESTIONS / EXPRESSIONS.length)

type Expressions = (typeof chunks)[number]

function modelOf(expressions: Expressions): object {
  const names = expressions.map((_, index) => `c${index}`)
  const relations = names.map((name) => [
    name,
    { directly_related_user_types: [{ type: 'user', condition: name }, { type: 'user' }] },
  ])
  return {
    schema_version: '1.1',
    type_definitions: [
      { type: 'user' },
      {
        type: 'doc',
        relations: Object.fromEntries(names.map((name) => [name, { this: {} }])),
        metadata: { relations: Object.fromEntries(relations) },
      },
    ],
    conditions: Object.fromEntries(
      expressions.map((expression, index) => [`c${index}`, conditionJson(`c${index}`, expression)]),
    ),
  }
}

function drawTuples(gen: Gen, expressions: Expressions): readonly Tuple[] {
  return expressions.flatMap(([parameters], index) =>
    Array.from({ length: USERS }, (_, user) => ({
      user: `user:${user}`,
      relation: `c${index}`,
      object: 'doc:1',
      condition: {
        name: `c${index}`,
        context: { ...drawContext(gen, parameters.split(' '), { given: 45, wrong: 0 }) },
      },
    })),
  )
}

test(`conditions, seed ${SEED}`, { timeout: 60_000 + QUESTIONS * 40 }, async () => {
  const comparison = new Comparison()
  const agree = fc.asyncProperty(fc.gen(), async (gen) => {
    for (const expressions of chunks) {
      const store = await OpenFgaStore.create(inject('openFga'))
      const json = modelOf(expressions)
      const program = loadProgram(json)
      if (!(program instanceof Program)) expect.fail(program.problems.join('\n'))
      expect(program.refused).toEqual([])
      const model = (await store.writeModel(json)) ?? expect.fail('OpenFGA refuses the model')
      const tuples = drawTuples(gen, expressions)
      await store.write(tuples, model)
      const view = new TupleTable(tuples)
      const questions = expressions.flatMap(([parameters], index) =>
        Array.from({ length: QUESTIONS_A_CONDITION }, (): EngineQuestion => {
          const context = { ...drawContext(gen, parameters.split(' '), { given: 96, wrong: 6 }) }
          return {
            user: `user:${oneOf(gen, [0, 1, 2, 3, 4, 5, 6, 7])}`,
            relation: `c${index}`,
            object: 'doc:1',
            context,
          }
        }),
      )
      await comparison.compare({ store, model, program, view }, questions, (question) => ({
        expression: expressions[Number(question.relation.slice(1))]?.[1],
        stored: view.tuple('doc:1', question.relation, question.user)?.condition?.context,
        context: question.context,
      }))
    }
  })
  const { errorInstance } = await fc.check(agree, { seed: SEED, numRuns: 1, endOnFailure: true, unbiased: true })
  if (errorInstance) throw errorInstance
  expect(comparison.disagreements.slice(0, 40)).toEqual([])
  expect(comparison.asked).toBeGreaterThanOrEqual(QUESTIONS)
  for (const word of ['true', 'false', 'parameter', 'refused', 'ask'])
    expect(comparison.met.get(word), word).toBeGreaterThan(QUESTIONS / 200)
  expect(comparison.left, 'left to OpenFGA').toBeLessThan(comparison.asked / 4)
  expect(comparison.otherErrors).toBeLessThan(comparison.asked / 1_000)
  // Of several values of another type OpenFGA names one by chance.
  expect(comparison.wavering).toBeLessThan(comparison.asked / 50)
})

/**
 * What the engine does with tuples that are not in memory: it names what it lacks, and answers as it does with all of them.
 *
 * @module
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type EngineAnswer,
  type EngineQuestion,
  loadProgram,
  Program,
  type TupleView,
  type Wanted,
} from '../../pdp/src/engine/engine.ts'
import { Unanswered } from '../../pdp/src/ports/answer.ts'
import type { Tuple } from '../../pdp/src/tuples/tuples.ts'
import { TupleTable } from '../fixtures/tuple-table.ts'
import { chance } from '../worlds/draw.ts'
import { textOf } from '../worlds/engine-compare.ts'
import { drawModelWorld, drawQuestion } from '../worlds/model-world.ts'

const WORLDS = 40
const QUESTIONS_A_WORLD = 40

/** A memory that is filled with what is wanted, and keeps no set of the relations that are too large. */
class FillingView implements TupleView {
  readonly #all: TupleTable
  readonly #held: Set<string>
  readonly #isLarge: (object: string, relation: string) => boolean

  constructor(all: TupleTable, held: Iterable<string>, isLarge: (object: string, relation: string) => boolean) {
    this.#all = all
    this.#held = new Set(held)
    this.#isLarge = isLarge
  }

  tuple(object: string, relation: string, user: string): Tuple | Wanted | undefined {
    const isLarge = this.#isLarge(object, relation)
    const wanted = isLarge
      ? ({ kind: 'pair', object, relation, user } as const)
      : ({ kind: 'relation', object, relation } as const)
    return this.#held.has(JSON.stringify(wanted)) ? this.#all.tuple(object, relation, user) : wanted
  }

  all(object: string, relation: string): readonly Tuple[] | Wanted | 'too many' {
    if (this.#isLarge(object, relation)) return 'too many'
    const wanted = { kind: 'relation', object, relation } as const
    return this.#held.has(JSON.stringify(wanted)) ? this.#all.all(object, relation) : wanted
  }

  /** Asks until nothing is wanting; each round must want something new. */
  settle(program: Program, question: EngineQuestion): EngineAnswer {
    for (;;) {
      const answer = program.check(this, question)
      if (!Array.isArray(answer)) return answer
      const before = this.#held.size
      for (const wanted of answer) this.#held.add(JSON.stringify(wanted))
      expect(this.#held.size, 'wanted anew').toBeGreaterThan(before)
    }
  }
}

function loaded(model: object): Program {
  const program = loadProgram(model)
  return program instanceof Program ? program : expect.fail(program.problems.join('\n'))
}

test('an empty memory that is filled with what is wanted gives the answer of a full one', () => {
  const met = new Set<string>()
  fc.assert(
    fc.property(fc.gen(), (gen) => {
      const world = drawModelWorld(gen)
      const program = loaded(world.model)
      const all = new TupleTable(world.tuples)
      const view = new FillingView(all, [], () => false)
      for (let round = 0; round < QUESTIONS_A_WORLD; round++) {
        const question = drawQuestion(gen, world, chance(gen, 50))
        const answer = textOf(program.check(all, question))
        expect(textOf(view.settle(program, question))).toBe(answer)
        met.add(answer.replace(/ .*/u, ''))
      }
    }),
    { numRuns: WORLDS, seed: 5, endOnFailure: true },
  )
  expect([...met]).toEqual(expect.arrayContaining(['true', 'false', 'parameter']))
})

test('a relation too large to hold is asked by pair, or left to the store', () => {
  const met = new Map<string, number>()
  fc.assert(
    fc.property(fc.gen(), (gen) => {
      const world = drawModelWorld(gen)
      const program = loaded(world.model)
      const all = new TupleTable(world.tuples)
      const large = new Set(world.tuples.filter(() => chance(gen, 30)).map(({ object, relation }) => object + relation))
      const view = new FillingView(all, [], (object, relation) => large.has(object + relation))
      for (let round = 0; round < QUESTIONS_A_WORLD; round++) {
        const question = drawQuestion(gen, world, true)
        const answer = view.settle(program, question)
        met.set(textOf(answer), (met.get(textOf(answer)) ?? 0) + 1)
        if (answer !== 'ask the store') expect(textOf(answer)).toBe(textOf(program.check(all, question)))
      }
    }),
    { numRuns: WORLDS, seed: 6, endOnFailure: true },
  )
  expect(met.get('true')).toBeGreaterThan(WORLDS)
  expect(met.get('ask the store')).toBeGreaterThan(WORLDS / 2)
})

describe('a model', () => {
  const doc = (expression: string, parameters: object = { s: { type_name: 'TYPE_NAME_STRING' } }): object => ({
    schema_version: '1.1',
    type_definitions: [
      { type: 'user' },
      {
        type: 'doc',
        relations: { open: { this: {} }, guarded: { this: {} } },
        metadata: {
          relations: {
            open: { directly_related_user_types: [{ type: 'user' }] },
            guarded: { directly_related_user_types: [{ type: 'user', condition: 'c' }] },
          },
        },
      },
    ],
    conditions: { c: { name: 'c', expression, parameters } },
  })
  const tuples = [
    { user: 'user:a', relation: 'open', object: 'doc:1' },
    { user: 'user:a', relation: 'guarded', object: 'doc:1', condition: { name: 'c', context: {} } },
  ]

  test.for([
    ['s.matches("^a")', '.matches()'],
    ['int(s) > 1', 'int()'],
    ['timestamp(s) > timestamp("2026-01-01T00:00:00Z")', 'timestamp() of a value that is no literal'],
    [
      'timestamp("2026-01-01T00:00:00.000001Z") > timestamp("2026-01-01T00:00:00Z")',
      'timestamp("2026-01-01T00:00:00.000001Z")',
    ],
    ['size(s) / 2 > 1', 'int / int'],
    ['[s].map(x, x + "a")[0] == s', '.map()'],
    ['{"a": s}["a"] == s', 'string map string'],
    ['s == b"a"', 'CEL does not compile'],
  ] as const)(
    'names what it does not evaluate, and leaves what depends on it to the store: %s',
    ([expression, why]) => {
      const program = loaded(doc(expression))
      expect(program.refused).toEqual([expect.stringContaining(`condition c: ${why}`)])
      const ask = (relation: string) =>
        program.check(new TupleTable(tuples), { user: 'user:a', relation, object: 'doc:1', context: { s: 'a' } })
      expect([ask('open'), ask('guarded')]).toEqual([true, 'ask the store'])
    },
  )

  test.for([
    ['a relation that is declared nowhere', { relation: 'owner' }],
    ['a type that is declared nowhere', { object: 'sheet:1' }],
    ['a user of a type that is declared nowhere', { user: 'robot:a' }],
    ['a userset of a relation that is declared nowhere', { user: 'doc:1#owner' }],
    ['a user without a type', { user: 'a' }],
    [
      'a contextual tuple that it does not allow',
      { contextualTuples: [{ user: 'doc:1', relation: 'open', object: 'doc:1' }] },
    ],
  ] as const)('refuses %s', ([, change]) => {
    const answer = loaded(doc('s == "a"')).check(new TupleTable(tuples), {
      user: 'user:a',
      relation: 'open',
      object: 'doc:1',
      ...change,
    })
    expect(answer).toBeInstanceOf(Unanswered)
    expect(answer).toMatchObject({ reason: 'refused' })
  })

  test.for([
    ['no model', 5],
    ['an old schema', { schema_version: '1.0', type_definitions: [] }],
    [
      'a computed relation that is declared nowhere',
      {
        schema_version: '1.1',
        type_definitions: [{ type: 'doc', relations: { can: { computedUserset: { relation: 'may' } } } }],
      },
    ],
  ] as const)('is refused as a whole: %s', ([, json]) => {
    expect(loadProgram(json)).toEqual({ problems: [expect.stringMatching(/^model: /u)] })
  })
})

/**
 * The engine on OpenFGA's published check matrices: every assertion about a Check, with its tuples stored and with its tuples contextual. Assertions
 * about ListObjects and ListUsers are not the engine's. `REFUSED` names what the engine
 * does not take; it leaves no assertion to OpenFGA.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { loadProgram, Program } from '../../pdp/src/engine/engine.ts'
import { Unanswered } from '../../pdp/src/ports/answer.ts'
import type { Tuple } from '../../pdp/src/tuples/tuples.ts'
import { type MatrixTest, type MatrixTuple, modelJson, readMatrix } from '../fixtures/openfga-matrices.ts'
import { TupleTable } from '../fixtures/tuple-table.ts'

/** Inline expressions of tuples: experimental in OpenFGA, and its language for JavaScript does not have them. Refused when the model is compiled. */
const REFUSED = /^inline_expression_/u
/** `OPENFGA_RESOLVE_NODE_LIMIT` of the server that OpenFGA runs its matrices on. */
const DEPTH_LIMIT = 25
const TOO_COMPLEX = 2002

const tupleOf = ({ condition, ...key }: MatrixTuple): Tuple => (condition ? { ...key, condition } : key)

interface Expected {
  readonly expectation?: boolean | null | undefined
  readonly errorCode?: number | undefined
}

/** Of OpenFGA's errors the depth limit's has a code of its own; the other codes say which field of a request was wrong. */
function expectAnswer(answer: unknown, expected: Expected): void {
  if (expected.errorCode === undefined) {
    expect(answer).toBe(expected.expectation ?? false)
    return
  }
  expect(answer).toBeInstanceOf(Unanswered)
  if (!(answer instanceof Unanswered)) return
  expect(answer.reason === 'depth').toBe(expected.errorCode === TOO_COMPLEX)
}

function play({ stages }: MatrixTest, areContextual: boolean): void {
  let stored: readonly Tuple[] = []
  for (const stage of stages) {
    const program = loadProgram(modelJson(stage.model), { depthLimit: DEPTH_LIMIT })
    if (!(program instanceof Program)) expect.fail(program.problems.join('\n'))
    expect(program.refused).toEqual([])
    const tuples = (stage.tuples ?? []).map(tupleOf)
    stored = [...stored, ...tuples]
    for (const { tuple, context, contextualTuples, ...expected } of stage.checkAssertions ?? []) {
      const contextual = (contextualTuples ?? []).map(tupleOf)
      const answer = program.check(new TupleTable(areContextual ? [] : stored), {
        ...tuple,
        context: context ?? undefined,
        contextualTuples: areContextual ? [...contextual, ...tuples] : contextual,
      })
      expectAnswer(answer, expected)
    }
  }
}

describe.for(['consolidated_1_1_tests.yaml', 'abac_tests.yaml'])('%s', async (name) => {
  const matrix = await readMatrix(name)
  if ('unavailable' in matrix) {
    test('is read', (context) => context.skip(matrix.unavailable))
    return
  }
  const claimed = matrix.filter((one) => !REFUSED.test(one.name))
  test.for(claimed.map((one) => [one.name, one] as const))('%s', ([, one]) => play(one, false))
  // As OpenFGA does: a request holds at most 100 tuples, and later stages rest on earlier ones.
  const contextual = claimed.filter(({ stages }) => stages.length === 1 && (stages[0]?.tuples ?? []).length <= 100)
  test.for(contextual.map((one) => [one.name, one] as const))('%s, tuples contextual', ([, one]) => play(one, true))
  const refused = matrix.filter((one) => REFUSED.test(one.name))
  test.for(refused.map((one) => [one.name, one] as const))('%s is refused', ([, { stages }]) => {
    expect(() => modelJson(stages[0]?.model ?? '')).toThrow('syntax error')
  })
})

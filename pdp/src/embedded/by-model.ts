/**
 * Which model each tuple fits: a store that checks tuples takes one only under a model that allows it, and the model in force need not allow what was
 * written under an earlier one.
 *
 * @module
 */
import { loadProgram, Program } from '../engine/engine.ts'
import type { ModelRow } from '../ports/tuple-rows.ts'
import type { Tuple } from '../tuples/tuples.ts'

export interface TuplesOfModel {
  readonly model: ModelRow
  readonly tuples: readonly Tuple[]
}

/** A tuple fits no model. The message is for the operator. */
export class FitsNoModel extends Error {
  override readonly name = 'FitsNoModel'
}

/**
 * @param models - In order of preference: each tuple belongs to the first model that allows it.
 * @throws FitsNoModel for a tuple that no model allows.
 */
export function groupByModel(tuples: readonly Tuple[], models: readonly ModelRow[]): readonly TuplesOfModel[] {
  const programs = models.flatMap((model) => {
    const program = loadProgram(model.model)
    return program instanceof Program ? [{ model, program }] : []
  })
  const groups = Map.groupBy(tuples, (tuple) => {
    const found = programs.find(({ program }) => program.objectionTo(tuple) === undefined)
    if (found) return found.model
    const [why = 'there is no model'] = programs.map(({ program }) => program.objectionTo(tuple))
    throw new FitsNoModel(`no model allows a tuple of ${tuple.object.split(':')[0]}#${tuple.relation}: ${why}`)
  })
  return [...groups].map(([model, ofModel]) => ({ model, tuples: ofModel }))
}

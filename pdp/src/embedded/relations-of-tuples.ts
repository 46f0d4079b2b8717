/**
 * Relations over tuples in memory, under any of several models: decisions are made again without a server.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { loadProgram, Program } from '../engine/engine.ts'
import type { Relations } from '../ports/relations.ts'
import type { TupleRow } from '../ports/tuple-rows.ts'
import { EmbeddedRelations } from './relations.ts'
import { TupleSet } from './tuple-set.ts'

/** Relations over tuples, and how many of the tuples no model allows: questions do not see those. */
export interface RelationsOfTuples {
  readonly relations: Relations
  readonly unread: number
}

/**
 * Evaluates models over tuples that do not change.
 *
 * @param models - By the id under which a question names its model; in the JSON form of OpenFGA.
 * @param tuples - In the order in which they were written.
 * @throws Fault `policy_invalid` for a model that the embedded engine does not evaluate as a whole.
 */
export function relationsOfTuples(models: ReadonlyMap<string, object>, tuples: readonly TupleRow[]): RelationsOfTuples {
  const programs = new Map([...models].map(([id, model]) => [id, requireProgram(model)]))
  const fits = (tuple: TupleRow): boolean =>
    [...programs.values()].some((program) => program.objectionTo(tuple) === undefined)
  const read = tuples.filter(fits)
  const programOf = async (id: string): Promise<Program> => {
    const program = programs.get(id)
    if (program) return program
    throw new TypeError(`there is no model ${id}`)
  }
  const relations = new EmbeddedRelations({ rows: new TupleSet(read), programOf })
  return { relations, unread: tuples.length - read.length }
}

function requireProgram(model: object): Program {
  const loaded = loadProgram(model)
  if (loaded instanceof Program && loaded.refused.length === 0) return loaded
  const problems = loaded instanceof Program ? loaded.refused : loaded.problems
  throw new Fault('policy_invalid', `the embedded engine does not evaluate this model: ${problems.join('; ')}`)
}

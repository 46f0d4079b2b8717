/**
 * The relationship store in this process: models and tuples in the PDP's own database. Refuses a model that this release's engine does not evaluate as a
 * whole, since no other server answers in its place.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { canonical, Fault } from '@mandate/protocol'
import { loadProgram } from '../engine/engine.ts'
import type { Clock } from '../ports/clock.ts'
import type { Models } from '../ports/engine.ts'
import type { TupleRows } from '../ports/tuple-rows.ts'
import type { Tuple } from '../tuples/tuples.ts'
import type { TupleReads } from '../tuples/writer.ts'

/** Id under which the register remembers models of the embedded store, where it has the ULID of a store for those of OpenFGA. */
export const EMBEDDED_PLACE = 'embedded'
/** Hexadecimal digits of a model's id. */
const ID_LENGTH = 32

export class EmbeddedStore implements Models, TupleReads {
  readonly id = EMBEDDED_PLACE
  readonly #rows: Pick<TupleRows, 'read' | 'model' | 'putModel'>
  readonly #clock: Clock

  constructor(rows: Pick<TupleRows, 'read' | 'model' | 'putModel'>, clock: Clock) {
    this.#rows = rows
    this.#clock = clock
  }

  async hasModel(modelId: string): Promise<boolean> {
    return (await this.#rows.model(modelId)) !== undefined
  }

  /** An equal model has the same id. Rejects with `Fault('policy_invalid')` for a model that the engine does not evaluate as a whole. */
  async writeModel(program: object): Promise<string> {
    const loaded = loadProgram(program)
    const problems = 'problems' in loaded ? loaded.problems : loaded.refused
    if (problems.length > 0) throw modelRefused(problems)
    const id = createHash('sha256').update(canonical(program)).digest('hex').slice(0, ID_LENGTH)
    await this.#rows.putModel({ id, model: program }, this.#clock())
    return id
  }

  /** @throws Fault `relations_unavailable` */
  async readModel(modelId: string): Promise<object> {
    const model = await this.#rows.model(modelId)
    if (model) return model
    throw new Fault('relations_unavailable', `the embedded store has no model ${modelId}`)
  }

  read(object: string, relation?: string, user?: string): Promise<readonly Tuple[]> {
    const ofRelation = relation === undefined ? {} : { relation }
    return this.#rows.read({ object, ...ofRelation, ...(user === undefined ? {} : { user }) })
  }
}

function modelRefused(problems: readonly string[]): Fault {
  const detail = `The embedded store cannot evaluate the model (${problems.join('; ')}). OpenFGA can: set ENGINE=memory (npm run serve: --engine openfga).`
  return new Fault('policy_invalid', detail, { detail })
}

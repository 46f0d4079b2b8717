/**
 * {@link TupleWriter} on the embedded store. A write returns when it is committed or rolled back, and no write is under way after that: there is nothing
 * to fence and nothing in doubt. Tuples are checked against the model, as OpenFGA does.
 *
 * @module
 */
import { type EpochMillis, refuse } from '@mandate/protocol'
import type { Program } from '../engine/engine.ts'
import type { Clock } from '../ports/clock.ts'
import type { UndecidedChanges } from '../ports/engine.ts'
import type { TupleRows } from '../ports/tuple-rows.ts'
import type { Change, Tuple } from '../tuples/tuples.ts'
import type { Outcome, TupleWriter, WriteOptions } from '../tuples/writer.ts'

export interface EmbeddedWriterOptions {
  readonly rows: Pick<TupleRows, 'write' | 'outcomeOf' | 'forgetChanges'>
  /** The compiled program of a model by its id. */
  readonly programOf: (modelId: string) => Promise<Program>
  /** The model in force, which every tuple must fit. */
  readonly modelId: () => string
  /** A new ULID. */
  readonly newId: () => string
  readonly clock: Clock
}

export class EmbeddedWriter implements TupleWriter, UndecidedChanges {
  readonly replacesAtOnce = true
  readonly #options: EmbeddedWriterOptions

  constructor(options: EmbeddedWriterOptions) {
    this.#options = options
  }

  async write(change: Change, { missing = 'refuse', id, modelId }: WriteOptions = {}): Promise<boolean> {
    const { writes, deletes } = change
    if (writes.length === 0 && deletes.length === 0) return true
    const { rows, newId, clock } = this.#options
    if (writes.length > 0) await this.#requireAllowed(writes, modelId ?? this.#options.modelId())
    return rows.write({ id: id ?? newId(), at: clock(), writes, deletes }, missing)
  }

  async #requireAllowed(tuples: readonly Tuple[], modelId: string): Promise<void> {
    const program = await this.#options.programOf(modelId)
    for (const tuple of tuples) {
      const objection = program.objectionTo(tuple)
      if (objection !== undefined) throw refuse('invalid_request', `The embedded store refuses a fact: ${objection}.`)
    }
  }

  /** The outcome of every write is known. */
  async settled(): Promise<void> {}

  outcomeOf(id: string): Promise<Outcome> {
    return this.#options.rows.outcomeOf(id, this.#options.clock())
  }

  async decideAll(): Promise<number> {
    return 0
  }

  whenInDoubt(): void {}

  sweepMarkers(before: EpochMillis): Promise<void> {
    return this.#options.rows.forgetChanges(before)
  }
}

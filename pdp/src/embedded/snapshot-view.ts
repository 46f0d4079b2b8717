/**
 * Tuples that were read in one snapshot, as the engine sees them: what was not read yet is wanting.
 *
 * @module
 */
import type { TupleView, Wanted } from '../engine/engine.ts'
import type { TupleRowReads } from '../ports/tuple-rows.ts'
import { queryText } from '../tuples/source.ts'
import type { Tuple } from '../tuples/tuples.ts'

export class SnapshotView implements TupleView {
  readonly #reads: TupleRowReads
  /** What was read, by the text of its query; tuples by user. */
  readonly #read = new Map<string, ReadonlyMap<string, Tuple>>()

  constructor(reads: TupleRowReads) {
    this.#reads = reads
  }

  tuple(object: string, relation: string, user: string): Tuple | Wanted | undefined {
    const pair = { kind: 'pair', object, relation, user } as const
    const found = this.#found({ kind: 'relation', object, relation }) ?? this.#found(pair)
    return found ? found.get(user) : pair
  }

  all(object: string, relation: string): readonly Tuple[] | Wanted {
    const wanted = { kind: 'relation', object, relation } as const
    const found = this.#found(wanted)
    return found ? [...found.values()] : wanted
  }

  async load(wanted: readonly Wanted[]): Promise<void> {
    for (const query of wanted) {
      const text = queryText(query)
      if (this.#read.has(text)) continue
      const { kind: _, ...pattern } = query
      const tuples = await this.#reads.read(pattern)
      this.#read.set(text, new Map(tuples.map((tuple) => [tuple.user, tuple])))
    }
  }

  #found(query: Wanted): ReadonlyMap<string, Tuple> | undefined {
    return this.#read.get(queryText(query))
  }
}

/**
 * The tuple memory as the engine and the readers of facts see it during one decision: each entry that is used is noted in the decision's statistics.
 *
 * @module
 */
import type { TupleView, Wanted } from '../engine/engine.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import type { TupleQuery } from '../tuples/source.ts'
import type { Tuple } from '../tuples/tuples.ts'
import type { MemoryEntry } from './tuple-entry.ts'
import type { TupleMemory } from './tuple-memory.ts'

export class MemoryView implements TupleView {
  readonly #memory: TupleMemory
  readonly #statistics: RequestStatistics

  constructor(memory: TupleMemory, statistics: RequestStatistics) {
    this.#memory = memory
    this.#statistics = statistics
  }

  tuple(object: string, relation: string, user: string): Tuple | Wanted | undefined {
    const entry = this.of(object, relation)
    if (!entry) return { kind: 'relation', object, relation }
    if (entry.tuples) return entry.set(relation).of(user)
    const pair = this.entry({ kind: 'pair', object, relation, user })
    return pair ? pair.set(relation).of(user) : { kind: 'pair', object, relation, user }
  }

  all(object: string, relation: string): readonly Tuple[] | Wanted | 'too many' {
    const entry = this.of(object, relation)
    if (!entry) return { kind: 'relation', object, relation }
    return entry.tuples ? entry.set(relation).tuples : 'too many'
  }

  /** The entry with the tuples of a relation: the object's own, or the relation's where the object has too many tuples. */
  of(object: string, relation: string): MemoryEntry | undefined {
    const whole = this.#memory.object(object)
    if (!whole) return undefined
    if (!whole.tuples) return this.entry({ kind: 'relation', object, relation })
    this.#use(whole)
    return whole
  }

  /** An entry of any query. */
  entry(query: TupleQuery): MemoryEntry | undefined {
    const entry = query.kind === 'object' ? this.#memory.object(query.object) : this.#memory.part(query)
    if (entry?.tuples) this.#use(entry)
    return entry
  }

  /** The read that brings what is wanted: that of the whole object, unless it is known to have too many tuples. */
  queryFor(wanted: Wanted): TupleQuery {
    return this.#memory.object(wanted.object) ? wanted : { kind: 'object', object: wanted.object }
  }

  #use(entry: MemoryEntry): void {
    const { used } = this.#statistics
    if (entry.lastNotedIn === used) return
    entry.lastNotedIn = used
    used.push(entry)
    this.#memory.counts.hits += 1
  }
}

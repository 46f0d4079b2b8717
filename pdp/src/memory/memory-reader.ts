/**
 * Reads from the tuple memory for one decision: fills what is wanting, and gives up where memory cannot tell.
 *
 * @module
 */
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { type Task, wait } from '../runtime/task.ts'
import { queryText, type TupleQuery } from '../tuples/source.ts'
import { MemoryView } from './memory-view.ts'
import type { MemoryEntry } from './tuple-entry.ts'
import type { TupleMemory } from './tuple-memory.ts'

/** Reads of one query for one call, before the store is asked instead: each was touched by a change while it was read. */
const READS = 3

/** Counters since the start. */
export interface ReaderCounts {
  /** Decisions that memory could not establish, and that the store was asked for instead. */
  direct: number
  /** Questions that the engine left to the store. */
  forwarded: number
  /** Decisions made again, since a fact changed while they were made. */
  again: number
}

export class MemoryReader {
  readonly #memory: TupleMemory
  readonly #counts: ReaderCounts

  constructor(memory: TupleMemory, counts: ReaderCounts) {
    this.#memory = memory
    this.#counts = counts
  }

  /** @returns `undefined` where the store must be asked. */
  *entry(query: TupleQuery, statistics: RequestStatistics): Task<MemoryEntry | undefined> {
    const entry = new MemoryView(this.#memory, statistics).entry(query)
    if (entry?.tuples) return entry
    return (yield* this.entries([query], statistics))?.[0]
  }

  /** @returns `undefined` where the store must be asked: one of the queries has too many tuples, or is pending for too long. */
  *entries(queries: readonly TupleQuery[], statistics: RequestStatistics): Task<readonly MemoryEntry[] | undefined> {
    const entries = yield* this.filled(statistics, (view, wanted) => {
      const found: MemoryEntry[] = []
      for (const query of queries) {
        const entry = view.entry(query)
        if (entry) found.push(entry)
        else wanted.push(query)
      }
      return found
    })
    if (!entries?.some(({ tuples }) => tuples === undefined)) return entries
    this.#sendToStore(statistics)
    return undefined
  }

  /**
   * Evaluates over memory until nothing is wanting, filling what is: all that one evaluation wants, side by side.
   *
   * @param evaluate - Adds to `wanted` what memory lacks.
   * @returns `undefined` where memory cannot tell: the store must be asked, for this and for the rest of the decision.
   */
  *filled<T>(
    statistics: RequestStatistics,
    evaluate: (view: MemoryView, wanted: TupleQuery[]) => T,
  ): Task<T | undefined> {
    const view = new MemoryView(this.#memory, statistics)
    const reads = new Map<string, number>()
    for (;;) {
      const wanted: TupleQuery[] = []
      const result = evaluate(view, wanted)
      if (wanted.length === 0) return result
      const missing = new Map(wanted.map((query) => [queryText(query), query]))
      for (const text of missing.keys()) reads.set(text, (reads.get(text) ?? 0) + 1)
      const isLost = [...reads.values()].some((count) => count > READS)
      if (isLost || !(yield* wait(this.#memory.fill([...missing.values()], statistics)))) {
        this.#sendToStore(statistics)
        return undefined
      }
    }
  }

  #sendToStore(statistics: RequestStatistics): void {
    if (!statistics.direct) this.#counts.direct += 1
    statistics.direct = true
  }
}

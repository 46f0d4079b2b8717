/**
 * Tuples in this process's memory, kept true by the invalidation log. An entry is what one read of the store answered; an event about one of its
 * tuples drops it. Bounded by bytes; what was used longest ago is evicted first, and use prolongs nothing.
 *
 * A fill notes which events touch its key from before it reads, and is kept only when none did and no change of the key is pending. Its stamp is
 * taken when the answer is there: a decision may use the entry only with a barrier that began later (`docs/consistency.md`).
 *
 * @module
 */
import type { InvalidationEvent, InvalidationListener, LogStart, Stamp, TupleName } from '../ports/invalidations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { isTouchedBy, queryText, type TupleQuery, type TupleSource } from '../tuples/source.ts'
import type { Tuple } from '../tuples/tuples.ts'
import { PendingChanges } from './pending.ts'
import { MemoryEntry } from './tuple-entry.ts'

export interface TupleMemoryOptions {
  readonly source: TupleSource
  /** See `ReadBarrier.stamp`. */
  readonly stamp: () => Stamp
  readonly maxBytes: number
  /** Most tuples of one query that are held; of a larger set each pair is held by itself. @default 300 */
  readonly maxTuples?: number
  /** Whether a fill may be kept. For tests, which omit one rule. @default no event touched its key, and none is pending */
  readonly mayKeep?: (fill: { readonly isTouched: boolean; readonly isPending: boolean }) => boolean
}

/** Counters since the start. */
export interface MemoryCounts {
  /** Entries that decisions used. */
  hits: number
  /** Reads of the store that were kept. */
  fills: number
  /** Reads of the store that were not kept, since an event touched their key. */
  lostFills: number
  evictions: number
  /** Waits for a pending change. */
  waits: number
}

interface Flight {
  readonly query: TupleQuery
  isTouched: boolean
  readonly done: Promise<void>
}

/** The entries of one object, or of one user in reverse. A list in the order of use links all nodes. */
interface Node {
  readonly name: string
  readonly isReverse: boolean
  /** All tuples of the object. */
  whole: MemoryEntry | undefined
  /** Entries of single relations and pairs by `queryText`; for a user those of `reverse`. */
  readonly parts: Map<string, { readonly query: TupleQuery; readonly entry: MemoryEntry }>
  bytes: number
  before: Node | undefined
  after: Node | undefined
}

const MAX_TUPLES = 300
/** How long a decision waits for a pending change of what it needs, in milliseconds. */
const PENDING_WAIT_MS = 50

export class TupleMemory implements InvalidationListener {
  readonly counts: MemoryCounts = { hits: 0, fills: 0, lostFills: 0, evictions: 0, waits: 0 }
  readonly #options: Required<TupleMemoryOptions>
  readonly #objects = new Map<string, Node>()
  readonly #users = new Map<string, Node>()
  readonly #pending = new PendingChanges()
  readonly #flights = new Map<string, Flight>()
  /** Used last, and longest ago. */
  #newest: Node | undefined
  #oldest: Node | undefined
  #bytes = 0
  #entries = 0

  constructor(options: TupleMemoryOptions) {
    this.#options = {
      maxTuples: MAX_TUPLES,
      mayKeep: ({ isTouched, isPending }) => !isTouched && !isPending,
      ...options,
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  get entries(): number {
    return this.#entries
  }

  get pendingChanges(): number {
    return this.#pending.size
  }

  /** The entry that holds all tuples of an object; `undefined` where it is not in memory. */
  object(object: string): MemoryEntry | undefined {
    const node = this.#objects.get(object)
    if (!node?.whole) return undefined
    this.#use(node)
    return node.whole
  }

  /** The entry of a query of another kind; `undefined` where it is not in memory. */
  part(query: TupleQuery): MemoryEntry | undefined {
    const node = query.kind === 'reverse' ? this.#users.get(query.user) : this.#objects.get(query.object)
    if (!node) return undefined
    this.#use(node)
    return node.parts.get(queryText(query))?.entry
  }

  /**
   * Fills queries that are not in memory, side by side. A fill that is under way is joined: its result is used only from memory, where it is kept by the
   * same rules.
   *
   * @returns `false` when one of them is pending for longer than decisions wait. `true` promises nothing: an event may have touched one.
   * @throws Fault `relations_unavailable` when the store does not answer.
   */
  async fill(queries: readonly TupleQuery[], statistics: RequestStatistics): Promise<boolean> {
    const filled = await Promise.all(queries.map((query) => this.#fillOne(query, statistics)))
    return filled.every((isFilled) => isFilled)
  }

  async #fillOne(query: TupleQuery, statistics: RequestStatistics): Promise<boolean> {
    if (this.#pending.isPending(query)) {
      this.counts.waits += 1
      if (!(await this.#pending.settled(query, PENDING_WAIT_MS))) return false
    }
    const text = queryText(query)
    const running = this.#flights.get(text)
    if (running) {
      // The reader of a joined flight may have given up by its own deadline, which says nothing about this one's.
      const isRead = await running.done.then(
        () => true,
        () => false,
      )
      if (isRead) return true
      return this.#fillOne(query, statistics)
    }
    await this.#fly(query, text, statistics)
    return true
  }

  async #fly(query: TupleQuery, text: string, statistics: RequestStatistics): Promise<void> {
    const { source, maxTuples } = this.#options
    const reading = Promise.withResolvers<void>()
    reading.promise.catch(() => undefined)
    const flight: Flight = { query, isTouched: false, done: reading.promise }
    this.#flights.set(text, flight)
    try {
      const tuples = await source.readTuples(query, maxTuples, statistics)
      this.#keep(flight, tuples)
      this.#flights.delete(text)
      reading.resolve()
    } catch (cause) {
      this.#flights.delete(text)
      reading.reject(cause)
      throw cause
    }
  }

  #keep({ query, isTouched }: Flight, tuples: readonly Tuple[] | undefined): void {
    const { stamp, mayKeep } = this.#options
    if (!mayKeep({ isTouched, isPending: this.#pending.isPending(query) })) {
      this.counts.lostFills += 1
      return
    }
    this.counts.fills += 1
    this.#put(query, new MemoryEntry(stamp(), tuples))
    this.#evict()
  }

  #put(query: TupleQuery, entry: MemoryEntry): void {
    const isReverse = query.kind === 'reverse'
    const name = isReverse ? query.user : query.object
    const nodes = isReverse ? this.#users : this.#objects
    let node = nodes.get(name)
    if (!node) {
      node = { name, isReverse, whole: undefined, parts: new Map(), bytes: 0, before: undefined, after: undefined }
      nodes.set(name, node)
    }
    if (query.kind === 'object') {
      this.#remove(node, node.whole)
      node.whole = entry
    } else {
      this.#remove(node, node.parts.get(queryText(query))?.entry)
      node.parts.set(queryText(query), { query, entry })
    }
    node.bytes += entry.bytes
    this.#bytes += entry.bytes
    this.#entries += 1
    this.#use(node)
  }

  #remove(node: Node, entry: MemoryEntry | undefined): void {
    if (!entry) return
    entry.isCurrent = false
    node.bytes -= entry.bytes
    this.#bytes -= entry.bytes
    this.#entries -= 1
  }

  apply(event: InvalidationEvent): void {
    if (event.kind === 'open') {
      this.#pending.open(event.change, event.keys)
      for (const name of event.keys) this.#drop(name)
    } else if (event.kind === 'close') {
      const keys = this.#pending.close(event.change)
      for (const name of keys ?? []) this.#drop(name)
      // A failover lost its `open`, and the keys with it.
      if (!keys) this.#dropAll()
    }
  }

  reset({ pending }: LogStart): void {
    this.#dropAll()
    this.#pending.clear()
    for (const { change, keys } of pending) this.#pending.open(change, keys)
  }

  #dropAll(): void {
    for (const flight of this.#flights.values()) flight.isTouched = true
    for (const node of [...this.#objects.values(), ...this.#users.values()]) this.#dropNode(node)
  }

  /** Drops every entry that the tuple belongs to, and touches every fill of one. */
  #drop(name: TupleName): void {
    for (const flight of this.#flights.values()) if (isTouchedBy(flight.query, name)) flight.isTouched = true
    const object = this.#objects.get(name.object)
    if (object?.whole && !this.#staysTooLarge(object.whole)) {
      this.#remove(object, object.whole)
      object.whole = undefined
    }
    if (object) this.#dropParts(object, name)
    const user = this.#users.get(name.user)
    if (user) this.#dropParts(user, name)
  }

  #dropParts(node: Node, name: TupleName): void {
    for (const [text, { query, entry }] of node.parts)
      if (isTouchedBy(query, name) && !this.#staysTooLarge(entry)) {
        this.#remove(node, entry)
        node.parts.delete(text)
      }
    if (!node.whole && node.parts.size === 0) this.#dropNode(node)
  }

  /** That a set is too large is no fact that decisions rest on; it may have become small after as many changes as it takes to look again. */
  #staysTooLarge(entry: MemoryEntry): boolean {
    entry.touches += 1
    return entry.tuples === undefined && entry.touches < this.#options.maxTuples
  }

  #dropNode(node: Node): void {
    this.#remove(node, node.whole)
    for (const { entry } of node.parts.values()) this.#remove(node, entry)
    const nodes = node.isReverse ? this.#users : this.#objects
    nodes.delete(node.name)
    this.#unlink(node)
  }

  #evict(): void {
    while (this.#bytes > this.#options.maxBytes && this.#oldest) {
      this.counts.evictions += 1
      this.#dropNode(this.#oldest)
    }
  }

  #use(node: Node): void {
    if (this.#newest === node) return
    this.#unlink(node)
    node.before = this.#newest
    if (this.#newest) this.#newest.after = node
    this.#newest = node
    this.#oldest ??= node
  }

  #unlink(node: Node): void {
    if (node.before) node.before.after = node.after
    if (node.after) node.after.before = node.before
    if (this.#newest === node) this.#newest = node.before
    if (this.#oldest === node) this.#oldest = node.after
    node.before = undefined
    node.after = undefined
  }
}

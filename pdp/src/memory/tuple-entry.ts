/**
 * What the tuple memory holds of one query. An entry never changes: an event drops it, and a fill makes another one.
 *
 * @module
 */
import type { Stamp } from '../ports/invalidations.ts'
import type { UsedFact } from '../ports/request-statistics.ts'
import type { Tuple } from '../tuples/tuples.ts'

/** Sets of more tuples than this are searched by a map. */
const SCANNED = 8

/** The tuples of one relation of one object, whole. */
export class TupleSet {
  readonly tuples: readonly Tuple[]
  #byUser: ReadonlyMap<string, Tuple> | undefined

  constructor(tuples: readonly Tuple[]) {
    this.tuples = tuples
  }

  of(user: string): Tuple | undefined {
    if (this.tuples.length <= SCANNED) {
      for (const tuple of this.tuples) if (tuple.user === user) return tuple
      return undefined
    }
    this.#byUser ??= new Map(this.tuples.map((tuple) => [tuple.user, tuple]))
    return this.#byUser.get(user)
  }
}

const NO_TUPLES = new TupleSet([])

/** The answer to one read of the store. Absence is an answer too: an entry without tuples. */
export class MemoryEntry implements UsedFact {
  readonly stamp: Stamp
  /** `undefined`: more tuples than memory holds of one query. */
  readonly tuples: readonly Tuple[] | undefined
  readonly bytes: number
  /** Becomes `false` when an event, an eviction or a reset drops the entry; never `true` again. */
  isCurrent = true
  /** What a reader parsed from the tuples; `for` is what it depends on beside them. */
  parsed: { readonly for: unknown; readonly value: unknown } | undefined
  /** The list of used facts that noted it last, one for each attempt at a decision: spares most attempts from noting it twice. */
  lastNotedIn: unknown
  /** Of an entry that only says that there are too many tuples: how many events touched its query. */
  touches = 0
  readonly #sets = new Map<string, TupleSet>()

  /** @param stamp - When the read had its answer. */
  constructor(stamp: Stamp, tuples: readonly Tuple[] | undefined) {
    this.stamp = stamp
    this.tuples = tuples
    this.bytes = ENTRY_BYTES + (tuples ?? []).reduce((sum, tuple) => sum + tupleBytes(tuple), 0)
    for (const [relation, of] of Map.groupBy(tuples ?? [], (tuple) => tuple.relation))
      this.#sets.set(relation, new TupleSet(of))
  }

  set(relation: string): TupleSet {
    return this.#sets.get(relation) ?? NO_TUPLES
  }
}

/** Sizes in bytes, estimated from V8's heap: an entry with its place in the maps, a tuple, and a member of a context. */
const ENTRY_BYTES = 600
const TUPLE_BYTES = 240
const MEMBER_BYTES = 48

const tupleBytes = ({ user, relation, object, condition }: Tuple): number =>
  TUPLE_BYTES + user.length + relation.length + object.length + (condition ? valueBytes(condition.context) : 0)

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return MEMBER_BYTES + value.length
  if (typeof value !== 'object' || value === null) return MEMBER_BYTES
  let bytes = MEMBER_BYTES
  for (const [name, member] of Object.entries(value)) bytes += name.length + valueBytes(member)
  return bytes
}

/** The tuples in the form in which they are parsed. */
export const stored = ({ tuples }: MemoryEntry): readonly { readonly key: Tuple }[] =>
  (tuples ?? []).map((key) => ({ key }))

/** Parses the tuples of an entry once. @param of - What the value depends on beside the tuples. */
export function parsed<T>(entry: MemoryEntry, of: unknown, parse: () => T): T {
  if (entry.parsed && entry.parsed.for === of) return entry.parsed.value as T
  const value = parse()
  entry.parsed = { for: of, value }
  return value
}

/**
 * Tuples and authorization models in the PDP's own database, for an engine without a server of its own. A change is atomic, and its outcome is known when
 * its promise settles: nothing is under way after that.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { TupleName } from './invalidations.ts'

export interface TupleRow extends TupleName {
  readonly condition?: { readonly name: string; readonly context: Readonly<Record<string, unknown>> }
}

/** Which tuples to read: those that are equal in every part that is given. `type` is that of the object. */
export interface TuplePattern extends Partial<TupleName> {
  readonly type?: string
}

export interface TupleChange {
  readonly id: string
  readonly at: EpochMillis
  readonly writes: readonly TupleRow[]
  /** A tuple that is written too is replaced. */
  readonly deletes: readonly TupleName[]
}

/** A change that was carried out, with the keys of its tuples. */
export interface AppliedChange {
  readonly id: string
  readonly at: EpochMillis
  readonly keys: readonly TupleName[]
}

/** A model as it was written, in the JSON form that the engine takes. */
export interface ModelRow {
  readonly id: string
  readonly model: object
}

/** Where the tuples of this database are. `moved`: in another store, which has the only ones that count. */
export type TupleHome =
  | { readonly kind: 'none' | 'here' }
  | { readonly kind: 'moved'; readonly place: string; readonly at: string }

export interface TupleRowReads {
  /**
   * In the order in which they were written.
   *
   * @param most - No more than so many are read. @default all
   */
  read(pattern: TuplePattern, most?: number): Promise<readonly TupleRow[]>
}

/** Every method rejects with `Fault('relations_unavailable')` when the database cannot be read or written; a change has not been made then. */
export interface TupleRows extends TupleRowReads {
  /**
   * One atomic change, announced in the invalidation log.
   *
   * @param missing - How a delete of a tuple that does not exist is treated: the whole change is refused, or the delete is ignored.
   * @returns `false` when a tuple to write exists, one to delete does not, or the change was withdrawn or made before: nothing was changed.
   */
  write(change: TupleChange, missing: 'refuse' | 'ignore'): Promise<boolean>
  /** The outcome of a change by its id, made or not: from now on it is final. Waits for writes that began before. */
  outcomeOf(id: string, at: EpochMillis): Promise<'applied' | 'withdrawn'>
  /** Changes at or after an instant that were carried out, oldest first. */
  changesSince(since: EpochMillis): Promise<readonly AppliedChange[]>
  /** Deletes the outcomes of changes before an instant, except of fact changes that are not finished: their outcome will be asked for. */
  forgetChanges(before: EpochMillis): Promise<void>
  /** Runs reads that see one state of all tuples. `work` must await these reads only: all writers wait meanwhile. */
  snapshot<T>(work: (reads: TupleRowReads) => Promise<T>): Promise<T>
  model(id: string): Promise<object | undefined>
  /** Newest first. */
  models(): Promise<readonly ModelRow[]>
  putModel(row: ModelRow, at: EpochMillis): Promise<void>
  home(): Promise<TupleHome>
  /** Records that another store has all tuples now, and deletes those here: a later erasure would not reach them. */
  markMoved(place: string, at: EpochMillis): Promise<void>
}

/**
 * The port between changes of authority and facts, spelled as tuples, and the relationship store that keeps the tuples.
 *
 * @module
 */
import type { Change, Tuple } from './tuples.ts'

export interface WriteOptions {
  /** How a delete of a tuple that does not exist is treated: the whole Write is refused, or the delete is ignored. @default refuse */
  readonly missing?: 'refuse' | 'ignore'
  /** The change only takes authority away: it is sent even where the journal of a single PDP cannot be written. */
  readonly narrows?: boolean
  /** The id of the change, for a caller that asks for its outcome later. @default a new one */
  readonly id?: string | undefined
  /** A model that the tuples fit. @default the one in force */
  readonly modelId?: string | undefined
}

/** Whether the tuples of a change are stored, or never will be. */
export type Outcome = 'applied' | 'withdrawn'

/** The only writer of tuples. */
export interface TupleWriter {
  /** Whether one Write can delete a tuple and write another one of the same key. Where it cannot, a replacement takes two Writes. */
  readonly replacesAtOnce: boolean
  /**
   * One atomic Write.
   *
   * @returns `false` when a tuple to write exists or one to delete does not: nothing was changed, and nothing will be.
   * @throws Fault `relations_unavailable`; the outcome may be unknown then.
   */
  write(change: Change, options?: WriteOptions): Promise<boolean>
  /** Decides every change of unknown outcome on an object. Call it before concluding anything from the object's tuples. */
  settled(object: string): Promise<void>
  /**
   * The outcome of a change by its id, sent or not: from now on it is final.
   *
   * @throws Fault `relations_unavailable`
   */
  outcomeOf(id: string): Promise<Outcome>
}

/** Reads of tuples past every cache, for changes that rest on what is stored. */
export interface TupleReads {
  /** All tuples of an object, of one of its relations, or of one user in that relation. */
  read(object: string, relation?: string, user?: string): Promise<readonly Tuple[]>
}

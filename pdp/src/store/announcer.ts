/**
 * The writing side of the invalidation log, as the stores use it: an event is committed with the change that it is about, or not at all.
 *
 * @module
 */
import type { Announcement, Topic } from '../ports/invalidations.ts'
import type { Queries } from './sql.ts'

export interface Announcer {
  /** Whether other processes read the log. */
  readonly isShared: boolean
  /** Announces as part of the transaction of `sql`. */
  announce(sql: Queries, what: Announcement): Promise<void>
  /**
   * Announces in this process only, where the database cannot be written.
   *
   * @throws Fault `relations_unavailable` where other processes read the log: they would go on from memory.
   */
  announceUncommitted(what: Announcement): void
}

/** A note, whose data is encoded as JSON. */
export const note = (topic: Topic, data: unknown): Announcement => ({ kind: 'note', topic, data: JSON.stringify(data) })

/**
 * The invalidation log of a database that one process uses: events are not stored, and reach memory in the same turn in which their commit returned.
 *
 * @module
 */
import type { Announcement, InvalidationEvent, InvalidationLog, LogStart } from '../ports/invalidations.ts'
import type { Announcer } from './announcer.ts'
import { PENDING_CHANGES, pendingOf } from './pending-changes.ts'
import type { Queries } from './sql.ts'

export class LocalLog implements InvalidationLog, Announcer {
  readonly isShared = false
  readonly #sql: Pick<Queries, 'rows'>
  readonly #subscribers: ((event: InvalidationEvent) => void)[] = []
  #seq = 0

  constructor(sql: Pick<Queries, 'rows'>) {
    this.#sql = sql
  }

  async start(): Promise<LogStart> {
    // Events from now on come after the start; one that the rows below contain already is applied twice, to the same effect.
    const position = this.#position()
    return { position, pending: (await this.#sql.rows(PENDING_CHANGES)).map(pendingOf) }
  }

  /** There is nothing to read: {@link subscribe} delivers every event. */
  async read(): Promise<readonly InvalidationEvent[]> {
    return []
  }

  subscribe(apply: (event: InvalidationEvent) => void): void {
    this.#subscribers.push(apply)
  }

  async announce(sql: Queries, what: Announcement): Promise<void> {
    sql.afterCommit(() => this.announceUncommitted(what))
  }

  announceUncommitted(what: Announcement): void {
    this.#seq += 1
    const event = { ...what, ...this.#position() }
    for (const apply of this.#subscribers) apply(event)
  }

  #position() {
    return { seq: this.#seq, token: String(this.#seq) }
  }
}

/**
 * Cache of rows by id, absent rows included. Notes of one topic keep it true: each names a row that changed.
 *
 * @module
 */
import { z } from 'zod'
import type { Awaitable } from '../ports/awaitable.ts'
import type { InvalidationEvent, InvalidationListener, Topic } from '../ports/invalidations.ts'
import { LruCache } from '../runtime/lru-cache.ts'

/** Data of a note about one row. */
const rowNote = z.object({ id: z.string() })

export class RowCache<V> implements InvalidationListener {
  readonly #topic: Topic
  readonly #capacity: number
  #rows: LruCache<{ readonly value: V | undefined }> | undefined
  /** Number of changes so far. A row that was read before a change is not cached after it. */
  #changes = 0

  /** Caches nothing before the first {@link reset}: then a barrier keeps it true. */
  constructor(topic: Topic, capacity: number) {
    this.#topic = topic
    this.#capacity = capacity
  }

  get(id: string, read: (id: string) => Promise<V | undefined>): Awaitable<V | undefined> {
    const known = this.#rows?.get(id)
    return known ? known.value : this.#read(id, read)
  }

  async #read(id: string, read: (id: string) => Promise<V | undefined>): Promise<V | undefined> {
    const changes = this.#changes
    const value = await read(id)
    if (changes === this.#changes) this.#rows?.set(id, { value })
    return value
  }

  apply(event: InvalidationEvent): void {
    if (event.kind !== 'note' || event.topic !== this.#topic) return
    this.#changes += 1
    this.#rows?.delete(rowNote.parse(JSON.parse(event.data)).id)
  }

  reset(): void {
    this.#changes += 1
    this.#rows = new LruCache(this.#capacity)
  }
}

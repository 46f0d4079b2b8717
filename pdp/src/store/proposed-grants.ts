/**
 * Ids of proposed grants that are not part of a replacement: they permit nothing, even when the relationship store has their tuples. In memory, because
 * every decision checks them.
 *
 * @module
 */
import { z } from 'zod'
import type { InvalidationEvent, InvalidationListener } from '../ports/invalidations.ts'
import { type Queries, text } from './sql.ts'

const proposedNote = z.object({ id: z.string(), isProposed: z.boolean() })

export class ProposedGrants implements InvalidationListener {
  readonly #sql: Pick<Queries, 'rows'>
  readonly #replacing: () => Promise<readonly string[]>
  #ids: Set<string> = new Set()
  /** Grants that this process proposes. Kept at a reset: the rows may have been read before they were inserted. */
  readonly #ours = new Set<string>()

  /**
   * @param replacing - Grants that a replacement proposes. They are left out: whether one is in force depends on the relationship store alone.
   */
  constructor(sql: Pick<Queries, 'rows'>, replacing: () => Promise<readonly string[]>) {
    this.#sql = sql
    this.#replacing = replacing
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** Adds a grant that this process proposes. */
  add(id: string): void {
    this.#ids.add(id)
    this.#ours.add(id)
  }

  delete(id: string): void {
    this.#ids.delete(id)
    this.#ours.delete(id)
  }

  apply(event: InvalidationEvent): void {
    if (event.kind !== 'note' || event.topic !== 'proposed') return
    const { id, isProposed } = proposedNote.parse(JSON.parse(event.data))
    if (isProposed) this.#ids.add(id)
    else this.delete(id)
  }

  async load(): Promise<() => void> {
    const replacing = new Set(await this.#replacing())
    const rows = await this.#sql.rows('SELECT id FROM grants WHERE settled = 0')
    const proposed = rows.map((row) => text(row['id'])).filter((id) => !replacing.has(id))
    return () => {
      this.#ids = new Set([...proposed, ...this.#ours])
    }
  }

  reset(): void {}
}

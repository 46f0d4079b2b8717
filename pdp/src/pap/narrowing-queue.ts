/**
 * Changes that take authority away (revocations, suspensions) and could not be written to the PDP's database: kept in memory until they are carried out
 * and recorded. A crash loses them.
 *
 * @module
 */

type Task = () => Promise<unknown>

interface Queued {
  /** Key of the lock that the task needs (`lockKey`). */
  readonly turn: string
  readonly task: Task
}

export class NarrowingQueue {
  readonly #queued = new Map<string, Queued>()

  /**
   * Adds a change; it replaces an earlier one of the same `what`.
   *
   * @param what - Name of the grant, persona, agent or key. Several can share a `turn`.
   */
  add(what: string, queued: Queued): void {
    this.#queued.set(what, queued)
  }

  drop(what: string): void {
    this.#queued.delete(what)
  }

  has(what: string): boolean {
    return this.#queued.has(what)
  }

  turns(): readonly string[] {
    return [...new Set([...this.#queued.values()].map(({ turn }) => turn))]
  }

  /**
   * Carries out the queued change of `what`. Every other change of it must call this first, holding the lock: the database does not have the queued
   * change, so a change based on the database would undo it.
   */
  async finish(what: string): Promise<void> {
    await this.#queued.get(what)?.task()
    this.#queued.delete(what)
  }

  /** Carries out all queued changes of one lock key. The caller holds the lock. */
  async finishAll(turn: string): Promise<void> {
    for (const [what, queued] of [...this.#queued]) if (queued.turn === turn) await this.finish(what)
  }
}

/**
 * Revocations, suspensions and the like that the PDP's database could not take: kept in memory until they are carried out and written down. A
 * crash of the process loses them.
 *
 * @module
 */

type Task = () => Promise<unknown>

interface Queued {
  /** Whose turn it needs. */
  readonly turn: string
  readonly task: Task
}

export class NarrowingQueue {
  readonly #queued = new Map<string, Queued>()

  /**
   * A later change of the same thing takes the place of an earlier one.
   *
   * @param what - What is changed: of the changes that share a turn, each has its own.
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
   * Carries out what is queued about a thing. Every change of it calls this first, in its turn: the database does not know of what is queued, and
   * what is read from it would undo that.
   */
  async finish(what: string): Promise<void> {
    await this.#queued.get(what)?.task()
    this.#queued.delete(what)
  }

  /** Carries out all that is queued for a turn, in that turn. */
  async finishAll(turn: string): Promise<void> {
    for (const [what, queued] of [...this.#queued]) if (queued.turn === turn) await this.finish(what)
  }
}

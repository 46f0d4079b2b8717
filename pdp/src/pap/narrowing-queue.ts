/**
 * Revocations, suspensions and the like that the PDP's database could not take: kept in memory until they are carried out and written down. A
 * crash of the process loses them.
 *
 * @module
 */

type Task = () => Promise<unknown>

export class NarrowingQueue {
  readonly #tasks = new Map<string, Task>()

  /** A later change of the same thing takes the place of an earlier one. */
  add(key: string, task: Task): void {
    this.#tasks.set(key, task)
  }

  drop(key: string): void {
    this.#tasks.delete(key)
  }

  has(key: string): boolean {
    return this.#tasks.has(key)
  }

  get(key: string): Task | undefined {
    return this.#tasks.get(key)
  }

  keys(): readonly string[] {
    return [...this.#tasks.keys()]
  }
}

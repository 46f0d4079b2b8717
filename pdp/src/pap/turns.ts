/**
 * Changes of the same thing, one after another: what is read at the beginning of a change is still true at its end.
 *
 * @module
 */

/** In this process; replicas meet in the store, where every change is one atomic Write. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs the task when every earlier one of the same key is over, however it ended. */
  async take<T>(key: string, task: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(key) ?? Promise.resolve()).then(task)
    const over = mine.catch(() => undefined)
    this.#last.set(key, over)
    try {
      return await mine
    } finally {
      if (this.#last.get(key) === over) this.#last.delete(key)
    }
  }

  /** The same for several keys, taken in the order given: whoever takes more than one must give them in the same order. */
  takeAll<T>(keys: readonly string[], task: () => Promise<T>): Promise<T> {
    const [first, ...rest] = keys
    return first === undefined ? task() : this.take(first, () => this.takeAll(rest, task))
  }
}

/** Whose changes exclude each other. */
export const turnOf = {
  grantsBy: (delegator: string) => `grants by ${delegator}`,
  grant: (id: string) => `grant ${id}`,
  personasOf: (holder: string) => `personas of ${holder}`,
  resource: (ref: string) => `resource ${ref}`,
  invitation: (id: string) => `invitation ${id}`,
  invitationsOf: (inviter: string) => `invitations of ${inviter}`,
  key: (id: string) => `key ${id}`,
  person: (pseudonym: string) => `person ${pseudonym}`,
  facts: (domain: string) => `facts of ${domain}`,
  agent: (id: string) => `agent ${id}`,
} as const

/**
 * Keeps questions out while facts are replaced in two Writes: between them `reader but not blocked` would permit the blocked. Questions share
 * the gate, a replacement has it alone. In this process only.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'

export class FactGate {
  #asking = 0
  #replacing: Promise<void> | undefined
  /** Replacements that were cut short: the store may hold the middle of each. */
  readonly #broken = new Set<string>()
  #drained: (() => void) | undefined

  /**
   * Asks while nothing is being replaced.
   *
   * @throws Fault `relations_unavailable` while a replacement that was cut short is neither finished nor undone.
   */
  async ask<T>(task: () => Promise<T>): Promise<T> {
    while (this.#replacing) await this.#replacing
    if (this.#broken.size > 0) throw new Fault('relations_unavailable', 'a replacement of facts was cut short')
    this.#asking += 1
    try {
      return await task()
    } finally {
      this.#asking -= 1
      if (this.#asking === 0) this.#drained?.()
    }
  }

  /** Replaces facts while nothing is asked. One after another. */
  async replace<T>(task: () => Promise<T>): Promise<T> {
    while (this.#replacing) await this.#replacing
    let finish = (): void => undefined
    this.#replacing = new Promise((resolve) => {
      finish = resolve
    })
    try {
      if (this.#asking > 0)
        await new Promise<void>((resolve) => {
          this.#drained = resolve
        })
      return await task()
    } finally {
      this.#drained = undefined
      this.#replacing = undefined
      finish()
    }
  }

  /** Keeps the gate shut after a replacement that was cut short, until it is finished or undone. */
  shut(id: string): void {
    this.#broken.add(id)
  }

  reopen(id: string): void {
    this.#broken.delete(id)
  }
}

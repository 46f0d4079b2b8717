/**
 * Names of things as their services give them, asked for in batches. For one account.
 *
 * @module
 */
import type { Bridge } from '../../../src/shared/channel.ts'

/** Collects the ids of one rendering, in milliseconds. */
const TOGETHER_MS = 20
const MOST_IDS = 500

export class Labels {
  readonly #bridge: Bridge
  readonly #known = new Map<string, string | undefined>()
  readonly #listeners = new Set<() => void>()
  #wanted = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(bridge: Bridge) {
    this.#bridge = bridge
  }

  /** The name of a thing; `undefined` while it is unknown, and where its service gives none. */
  labelOf(id: string): string | undefined {
    // Ids that the log does not show begin with "~".
    if (!this.#known.has(id) && !id.includes(':~')) this.#want(id)
    return this.#known.get(id)
  }

  /** The name of a part of a thing. A service names parts of those things that are asked for in the same request, so both are. */
  partOf(part: string, whole: string): string | undefined {
    if (!this.#known.has(part) && !part.includes(':~')) {
      this.#want(whole)
      this.#want(part)
    }
    return this.#known.get(part)
  }

  /** Asks again for things without a name: the person may read them now, or may have made them since. */
  retry(): void {
    for (const [id, label] of this.#known) if (label === undefined) this.#known.delete(id)
    for (const listener of this.#listeners) listener()
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #want(id: string): void {
    this.#wanted.add(id)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#ask()
    }, TOGETHER_MS)
  }

  async #ask(): Promise<void> {
    const ids = [...this.#wanted].slice(0, MOST_IDS)
    for (const id of ids) this.#wanted.delete(id)
    const [more] = this.#wanted
    if (more !== undefined) this.#want(more)
    for (const id of ids) if (!this.#known.has(id)) this.#known.set(id, undefined)
    const answer = await this.#bridge.call('things.labels', { ids })
    if (!answer.ok) return
    for (const [id, label] of Object.entries(answer.value.labels)) this.#known.set(id, label)
    if (Object.keys(answer.value.labels).length > 0) for (const listener of this.#listeners) listener()
  }
}

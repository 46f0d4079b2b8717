/**
 * Cache of operation results in the window: one request per operation and input, reloaded when its data changes. A new cache for each account.
 *
 * @module
 */
import type { Bridge, CallResult, EventOf, Input, OperationName } from '../../../src/shared/channel.ts'

/** Kinds of data: those of `changed` events, and those that only this window changes. */
export type Area = EventOf<'changed'>['what'] | 'contacts' | 'runs' | 'activity' | 'uses'

/** Operations to reload for each area, by the part of their name before the dot. */
const ASKED_OF: Readonly<Record<Area, readonly string[]>> = {
  // Access to trips depends on grants too.
  grants: ['grants', 'trips', 'things', 'invitations'],
  invitations: ['invitations', 'grants', 'contacts'],
  // A persona that is not usable, and consent that is withdrawn, withhold what grants give.
  personas: ['personas', 'grants'],
  domains: ['domains', 'things'],
  trips: ['trips', 'things'],
  contacts: ['contacts'],
  runs: ['runs'],
  activity: ['activity'],
  uses: ['uses'],
}

interface Held {
  readonly name: OperationName
  readonly input: unknown
  answer: CallResult<OperationName> | undefined
  /** The last successful result, kept when a later request fails. */
  good: Extract<CallResult<OperationName>, { readonly ok: true }> | undefined
  isAsking: boolean
  /** Number of requests: only the result of the latest is used. */
  asked: number
  readonly listeners: Set<() => void>
}

/** Results of one operation and input. */
export interface Seen<N extends OperationName> {
  readonly answer: CallResult<N> | undefined
  readonly good: Extract<CallResult<N>, { readonly ok: true }> | undefined
  readonly isAsking: boolean
}

export class Cache {
  readonly #bridge: Bridge
  readonly #held = new Map<string, Held>()

  constructor(bridge: Bridge) {
    this.#bridge = bridge
  }

  seen<N extends OperationName>(name: N, input: Input<N> | undefined): Seen<N> {
    const { answer, good, isAsking } = this.#of(name, input)
    return { answer, good, isAsking } as unknown as Seen<N>
  }

  /** Subscribes, and requests if there is no result yet. @returns A function that unsubscribes. */
  watch<N extends OperationName>(name: N, input: Input<N> | undefined, listener: () => void): () => void {
    const held = this.#of(name, input)
    held.listeners.add(listener)
    if (held.asked === 0 || held.answer?.ok === false) void this.#ask(held)
    return () => void held.listeners.delete(listener)
  }

  again<N extends OperationName>(name: N, input: Input<N> | undefined): void {
    void this.#ask(this.#of(name, input))
  }

  /** Reloads subscribed results of the areas and drops the others. */
  changed(areas: readonly Area[]): void {
    const parts = new Set(areas.flatMap((area) => ASKED_OF[area]))
    for (const [key, held] of this.#held) {
      const [part = ''] = held.name.split('.')
      if (!parts.has(part)) continue
      if (held.listeners.size === 0) this.#held.delete(key)
      else void this.#ask(held)
    }
  }

  /** Reloads everything that is subscribed. */
  refresh(): void {
    for (const held of this.#held.values()) if (held.listeners.size > 0) void this.#ask(held)
  }

  #of(name: OperationName, input: unknown): Held {
    const key = `${name} ${JSON.stringify(input ?? {})}`
    const before = this.#held.get(key)
    if (before) return before
    const listeners = new Set<() => void>()
    const held: Held = { name, input, answer: undefined, good: undefined, isAsking: false, asked: 0, listeners }
    this.#held.set(key, held)
    return held
  }

  async #ask(held: Held): Promise<void> {
    held.asked += 1
    const { asked } = held
    held.isAsking = true
    tell(held)
    const answer = await this.#bridge.call(held.name, held.input as Input<OperationName>)
    if (asked !== held.asked) return
    held.isAsking = false
    held.answer = answer
    if (answer.ok) held.good = answer
    tell(held)
  }
}

function tell({ listeners }: Held): void {
  for (const listener of listeners) listener()
}

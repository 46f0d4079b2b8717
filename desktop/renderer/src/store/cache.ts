/**
 * What was asked of the main process and is on the screen: each question once, read again when something of it has changed. One for each who
 * signs in.
 *
 * @module
 */
import type { Bridge, CallResult, EventOf, Input, OperationName } from '../../../src/shared/channel.ts'

/** What an event says has changed, and those that only this window changes. */
export type Area = EventOf<'changed'>['what'] | 'contacts' | 'runs' | 'activity'

/** Which questions an area is in: by the part of the operation's name before the dot. */
const ASKED_OF: Readonly<Record<Area, readonly string[]>> = {
  // Who may see a trip, and what came of it, hangs on grants too.
  grants: ['grants', 'trips', 'invitations'],
  invitations: ['invitations', 'grants', 'contacts'],
  personas: ['personas'],
  trips: ['trips'],
  contacts: ['contacts'],
  runs: ['runs'],
  activity: ['activity'],
}

interface Held {
  readonly name: OperationName
  readonly input: unknown
  answer: CallResult<OperationName> | undefined
  /** The last good one, kept when a later one fails. */
  good: Extract<CallResult<OperationName>, { readonly ok: true }> | undefined
  isAsking: boolean
  /** How often: the answer to the latest counts, whichever comes last. */
  asked: number
  readonly listeners: Set<() => void>
}

/** A question's answers so far. */
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

  /** Asks when nobody has yet. @returns a function that stops watching. */
  watch<N extends OperationName>(name: N, input: Input<N> | undefined, listener: () => void): () => void {
    const held = this.#of(name, input)
    held.listeners.add(listener)
    if (held.asked === 0 || held.answer?.ok === false) void this.#ask(held)
    return () => void held.listeners.delete(listener)
  }

  again<N extends OperationName>(name: N, input: Input<N> | undefined): void {
    void this.#ask(this.#of(name, input))
  }

  /** What is watched is asked again, what is not is forgotten. */
  changed(areas: readonly Area[]): void {
    const parts = new Set(areas.flatMap((area) => ASKED_OF[area]))
    for (const [key, held] of this.#held) {
      const [part = ''] = held.name.split('.')
      if (!parts.has(part)) continue
      if (held.listeners.size === 0) this.#held.delete(key)
      else void this.#ask(held)
    }
  }

  /** Everything that is on the screen is asked again. */
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

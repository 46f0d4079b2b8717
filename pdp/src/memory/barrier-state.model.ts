/**
 * Scenarios, rules and states of the model of the read barrier; see `barrier.model.ts`.
 *
 * @module
 */

/** One change: of tuples (`open`, one Write, `close`), or of the PDP's own database (a `note` in its transaction). */
export interface ChangePlan {
  readonly kind: 'tuples' | 'note'
  readonly keys: readonly number[]
}

/** The rules of the mechanism that a variant can omit. */
export const RULES = [
  'pass a barrier after arrival',
  'announce before the Write',
  'announce in the transaction',
  'decide the outcome before the close',
  'hold pending keys back',
  'discard a fill that an event touched',
  'discard a fill that began before a reset',
  'stamp a fill when its read has returned',
  'compare fill stamps with the barrier',
  'confirm every used entry',
  'confirm notes too',
  'look for the position itself',
  'compare the identity of the server',
  'read what is pending with the position',
  'read the facts twice when asking directly',
  'pass a barrier after asking directly',
] as const
export type Rule = (typeof RULES)[number]

export interface Scenario {
  readonly changes: readonly ChangePlan[]
  /** The replica of each decision. */
  readonly decisions: readonly number[]
  /** Keys that memory holds at the start, on each replica. */
  readonly warm: readonly number[]
  readonly evictions?: number
  readonly trims?: number
  readonly failovers?: number
  /** Whether a failover may lose the `open` of a change that is not closed. Synchronous commits exclude that. @default false */
  readonly losesOpenChanges?: boolean
  /** Whether a decision may ask OpenFGA directly when a key is pending. It may always wait. @default false */
  readonly asksDirectly?: boolean
  /** Keys of tuples that come from memory even when OpenFGA is asked directly, as candidates do. Keys of notes always do. */
  readonly candidates?: readonly number[]
  readonly omit?: readonly Rule[]
}

export interface LogEvent {
  readonly kind: 'open' | 'close' | 'note'
  readonly change: number
  /** Stands for the random token: the number of the server that appended the event. */
  readonly token: number
}

export interface ChangeState {
  readonly step: 'idle' | 'open' | 'closed'
  readonly isSent: boolean
  readonly outcome: 'none' | 'applied' | 'withdrawn'
}

export interface Entry {
  readonly version: number
  readonly stamp: number
}

export interface Fill {
  /** The position applied when the fill began. */
  readonly since: number
  readonly stamp: number
  readonly version: number | undefined
}

export interface LogRead {
  readonly began: number
  /** What the server answered; `undefined` until it has. */
  readonly answer: { readonly events: readonly LogEvent[]; readonly at: Place; readonly isLost: boolean } | undefined
  /** Changes that were pending at the snapshot of a restart. */
  readonly pending: readonly number[] | undefined
}

/** A place in the log, and the server that it was read from. */
export interface Place {
  readonly seq: number
  readonly token: number
  readonly server: number
}

export interface Replica {
  readonly at: Place
  readonly entries: readonly (Entry | undefined)[]
  readonly fills: readonly (Fill | undefined)[]
  /** Sequence number of the last event that touched each key. */
  readonly touched: readonly number[]
  readonly pending: readonly number[]
  readonly clock: number
  /** When the last barrier that was passed began. */
  readonly passed: number
  readonly reading: LogRead | undefined
}

export interface Decision {
  readonly replica: number
  readonly step: 'idle' | 'barrier' | 'use' | 'confirm' | 'direct' | 'done'
  /** The barrier that the decision waits for begins after this. */
  readonly since: number
  /** Versions of all keys, at each moment since the arrival. */
  readonly legal: readonly string[]
  readonly used: readonly (Entry | undefined)[]
  /** Two rounds of reads of the tuples, when OpenFGA is asked directly. */
  readonly direct: readonly number[]
}

export interface State {
  readonly truth: readonly number[]
  readonly log: readonly LogEvent[]
  /** Events before this one are trimmed. The last event is never trimmed. */
  readonly base: number
  readonly server: number
  readonly changes: readonly ChangeState[]
  readonly replicas: readonly Replica[]
  readonly decisions: readonly Decision[]
  readonly evictions: number
  readonly trims: number
  readonly failovers: number
  readonly illegal?: string
}

export type Step = readonly [label: string, state: State]

/** Stamp of a version that OpenFGA was asked for directly: it is not in memory, and older than every barrier. */
export const DIRECT = -1

export const holds = ({ omit }: Scenario, rule: Rule): boolean => !omit?.includes(rule)

export const isOfNotes = ({ changes }: Scenario, key: number): boolean =>
  changes.some(({ kind, keys }) => kind === 'note' && keys.includes(key))

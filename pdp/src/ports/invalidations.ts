/**
 * The invalidation log: which facts change, in one order for all PDPs of one database. Memory that holds facts is kept true by it; see
 * `docs/consistency.md`.
 *
 * A change of tuples is announced before its Write is sent (`open`) and once its outcome is final (`close`). Between the two, its tuples are
 * *pending*: memory may not hold them. A change of the PDP's own database is announced in its transaction (`note`).
 *
 * @module
 */
import type { Awaitable } from './awaitable.ts'

/** The key of one tuple. */
export interface TupleName {
  readonly user: string
  readonly relation: string
  readonly object: string
}

/** What a `note` is about. Each topic has one handler, which knows the form of `data`. */
export const TOPICS = [
  'session',
  'sessions_of',
  'account',
  'proposed',
  'key',
  'agent',
  'person',
  'policy',
  'facts',
] as const
export type Topic = (typeof TOPICS)[number]

interface EventBase {
  /** Without gaps; the order of commits. */
  readonly seq: number
  /**
   * Opaque. An event of the same `seq` with another token was read in another history, or on another server: after a failover that may have lost commits.
   */
  readonly token: string
}

/** What happened, before it has a place in the log. `data` of a note is JSON. */
export type Announcement =
  | { readonly kind: 'open'; readonly change: string; readonly keys: readonly TupleName[] }
  | { readonly kind: 'close'; readonly change: string }
  | { readonly kind: 'note'; readonly topic: Topic; readonly data: string }

export type InvalidationEvent = EventBase & Announcement

/** A place in the log: the last event that was applied. */
export type LogPosition = Pick<EventBase, 'seq' | 'token'>

/** Where a PDP begins, read in one snapshot: what is pending then has no `open` after the position. */
export interface LogStart {
  readonly position: LogPosition
  readonly pending: readonly { readonly change: string; readonly keys: readonly TupleName[] }[]
}

/** The reading side of the invalidation log. */
export interface InvalidationLog {
  /** Whether other processes append to it. Where none does, events are applied as they are committed, and `read` costs nothing. */
  readonly isShared: boolean
  start(): Promise<LogStart>
  /**
   * Reads the events after a position, by a read that begins after the call.
   *
   * @returns `undefined` when the position is not in the log any more: it was trimmed, or another server answers, which may lack commits. Then all
   * memory is dropped, and begins again at {@link start}.
   * @throws Fault `relations_unavailable` when the log cannot be read.
   */
  read(after: LogPosition): Promise<readonly InvalidationEvent[] | undefined>
  /**
   * Of a log that is not shared: calls `apply` with each event, in the same turn in which its commit returned. A shared log never calls it.
   */
  subscribe?(apply: (event: InvalidationEvent) => void): void
  /** Of a shared log: deletes events that no running PDP needs. */
  trim?(): Promise<void>
  /** Of a shared log: how many events it keeps. */
  size?(): Promise<number>
}

/** Memory that is kept true by the log. All methods are synchronous: between two of them every decision sees the same memory. */
export interface InvalidationListener {
  /** Applies one event. Events come in the order of `seq`. */
  apply(event: InvalidationEvent): void
  /** Drops everything. */
  reset(start: LogStart): void
  /**
   * Reads rows that this memory is a copy of, after the start was read and before the reset.
   *
   * @returns Puts them in place of the present ones: called right after {@link reset}, in the same synchronous run.
   */
  load?(): Promise<() => void>
  /** Completes what {@link apply} or {@link reset} could not do synchronously. The barrier is passed only when it has resolved. Never rejects. */
  settle?(): Promise<void>
}

/** A number of this process that grows with every barrier and every fill: a barrier has it from when its read began, a fill from when its read returned. */
export type Stamp = number

/** Decides what memory may be used: what was read before the barrier began. */
export interface ReadBarrier {
  /**
   * Resolves when every event that was committed before the call is applied. Callers that wait at the same time share one read of the log.
   *
   * @returns When the barrier's read began; at once where the log is not shared.
   * @throws Fault `relations_unavailable` when the log cannot be read.
   */
  pass(): Awaitable<Stamp>
  /**
   * The next stamp, for a fill whose read has *returned*: taken in the synchronous step that keeps its result. A stamp from before the read would let a
   * barrier that began between both confirm a value that is newer than the events it applied (`docs/consistency.md`, filling).
   */
  stamp(): Stamp
  /** Drops all memory before the next call of {@link pass} resolves. */
  forgetAll(): void
  /** Adds memory that the log keeps true. */
  listen(listener: InvalidationListener): void
}

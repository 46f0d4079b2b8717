/**
 * Ports of the decision log and its query index.
 *
 * @module
 */
import type { DecisionFilter, Entry, EpochMillis, LoggedEntry, Tile } from '@mandate/protocol'

/** An entry's position in the log. */
export interface Sequenced {
  readonly index: number
  /** The entry's own id. */
  readonly id: string
}

/** The tamper-evident decision log. */
export interface DecisionLog {
  readonly origin: string
  /**
   * Appends entries, all or none. Resolves when they are durable. Rejects with `Fault('log_unavailable')`, or with
   * `Fault('payload_too_large')` when an entry is above 65,535 canonical bytes, naming which.
   */
  append(entries: readonly Entry[]): Promise<readonly Sequenced[]>
  /** Whether appends are expected to succeed; used by readiness. */
  readonly healthy: boolean
  /** The latest `at` of the entries last written: a floor for a clock that never runs backwards. `undefined` for an empty log.
   * Entries before the newest `clock_accepted` are ignored. */
  newestAt(): EpochMillis | undefined
  /** The newest published, signed checkpoint. */
  checkpoint(): Promise<string | undefined>
  /** A tile or bundle of the published tree; `undefined` when it does not exist, or a full one replaced the partial one. */
  tile(tile: Tile): Promise<Uint8Array | undefined>
  /**
   * The C2SP tlog-proof of an entry, by index, for the newest checkpoint. Publishes a checkpoint first when the entry is newer.
   *
   * @throws Fault `log_unavailable` when no checkpoint can be published or a tile is damaged. RangeError for an index beyond the log.
   */
  prove(index: number): Promise<string>
  /** Writes, integrates and publishes every entry. Rejects when the last publication failed; the entries are durable in the journal. */
  close(): Promise<void>
}

/** An entry as stored: its canonical bytes are the leaf (RFC 8785). */
export interface RawEntry {
  readonly index: number
  readonly bytes: Uint8Array
}

/** Reads a log while it is being written. */
export interface LogReader {
  readonly origin: string
  /** Number of sequenced entries; the next entry gets this index. */
  readonly sequenced: number
  /** Number of entries that the newest published checkpoint covers. */
  readonly published: number
  /** Durable entries from index `from` on: at least one, at most about a bundle; empty at the end of the log. */
  read(from: number): Promise<readonly RawEntry[]>
  /** How many of the first entries are archived and cannot be read here. */
  archived(): Promise<number>
  /** Calls `listener` when entries were sequenced. @returns The function that ends the subscription. */
  onSequenced(listener: () => void): () => void
}

/** A page of a query, newest entry first. */
export interface IndexPage {
  readonly entries: readonly LoggedEntry[]
  /** Exact number of matches, as of the first page. */
  readonly total: number
  readonly nextCursor: string | undefined
}

export interface IndexQuery extends DecisionFilter {
  /** 1–1000. */
  readonly limit: number
  readonly cursor?: string | undefined
}

/** Entries found by a tail, oldest first, each with the position after it. */
export interface TailPage {
  readonly entries: readonly { readonly entry: LoggedEntry; readonly position: string }[]
  /** Position after the entries considered. Opaque. */
  readonly position: string
}

/** Where a tail continues, and whose entries it returns. */
export interface TailOptions {
  /** Absent: returns no entries and the current end as `position`. */
  readonly after?: string | undefined
  readonly party?: string | undefined
}

/** The query index: a projection of the log, never the truth. */
export interface EntryIndex {
  /** Whether the index is open and has caught up with the log. */
  readonly isReady: boolean
  /** Number of entries of this log that the index has; `undefined` while it is not open. */
  readonly indexed: number | undefined
  /**
   * Finds entries among all that were sequenced before the call.
   *
   * @param options.party - Only entries with this party as subject, actor, owner or chain member.
   * @throws Fault `invalid_request` for a cursor of another query; `index_unavailable` while the index is not open or is being built.
   */
  query(filter: IndexQuery, options?: { readonly party?: string | undefined }): Promise<IndexPage>
  get(id: string): Promise<LoggedEntry | undefined>
  /**
   * Finds the entries after a position, some hundreds at most.
   *
   * @throws Fault `invalid_request` for a position of another index.
   */
  tail(filter: DecisionFilter, options?: TailOptions): Promise<TailPage>
  /** Calls `listener` when there may be more entries for a tail. @returns The function that ends the subscription. */
  onMore(listener: () => void): () => void
  close(): Promise<void>
}

/** Left by what restored the database (`deploy/restore.sh`), for the next start (ADR 0151). */
export interface RestoredMark {
  isSet(): Promise<boolean>
  clear(): Promise<void>
}

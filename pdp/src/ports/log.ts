/**
 * What the rest of the PDP sees of the decision log and its index.
 *
 * @module
 */
import type { DecisionFilter, Entry, EpochMillis, LoggedEntry, Tile } from '@mandate/protocol'

/** Where an entry stands in the log. */
export interface Sequenced {
  readonly index: number
  /** The entry's own id. */
  readonly id: string
}

/** The tamper-evident decision log. */
export interface DecisionLog {
  readonly origin: string
  /**
   * Resolves when every entry is durable. Rejects with `Fault('log_unavailable')`, and then nothing of it counts; with
   * `Fault('payload_too_large')` when an entry is above 65,535 canonical bytes, naming which.
   */
  append(entries: readonly Entry[]): Promise<readonly Sequenced[]>
  /** Whether appends can be expected to work: for readiness. */
  readonly healthy: boolean
  /** The latest `at` of the entries last written: a floor for a clock that never runs backwards. `undefined` for an empty log.
   * What is before the newest entry of kind `clock_accepted` does not count. */
  newestAt(): EpochMillis | undefined
  /** The newest published, signed checkpoint. */
  checkpoint(): Promise<string | undefined>
  /** A tile or bundle of the published tree; `undefined` when it has none such, or no longer: a full one takes a partial one's place. */
  tile(tile: Tile): Promise<Uint8Array | undefined>
  /**
   * The C2SP tlog-proof of an entry, by its index, against the newest checkpoint; one is published first when the entry is newer.
   *
   * @throws Fault `log_unavailable` when none can be published, or a tile is damaged. RangeError for an index that nothing has.
   */
  prove(index: number): Promise<string>
  /** Flushes, integrates, publishes. Rejects when the last publication failed: the entries are safe in the journal. */
  close(): Promise<void>
}

/** An entry as it stands in the log: its canonical bytes are the leaf. */
export interface RawEntry {
  readonly index: number
  readonly bytes: Uint8Array
}

/** Reads a log that is being written. */
export interface LogReader {
  readonly origin: string
  /** How many entries have an index: the next one gets this. */
  readonly sequenced: number
  /** Entries from `from` on, at least one and at most about a bundle; empty at the end of the log. Durable ones only. */
  read(from: number): Promise<readonly RawEntry[]>
  /** How many of the first entries were sealed and cannot be read here. */
  sealed(): Promise<number>
  /** Calls back, at once and cheaply, when entries were sequenced. Returns what ends it. */
  onSequenced(listener: () => void): () => void
}

/** What an index answers. Newest first. */
export interface IndexPage {
  readonly entries: readonly LoggedEntry[]
  /** All that match, exactly. On further pages: as of the first page. */
  readonly total: number
  readonly nextCursor: string | undefined
}

export interface IndexQuery extends DecisionFilter {
  /** 1–1000. */
  readonly limit: number
  readonly cursor?: string | undefined
}

/** What a tail found, oldest first, each with where the tail stands behind it. */
export interface TailPage {
  readonly entries: readonly { readonly entry: LoggedEntry; readonly position: string }[]
  /** Behind everything that was looked at. Opaque. */
  readonly position: string
}

/** Where a tail goes on, and whose entries it is about. */
export interface TailOptions {
  /** Absent: nothing is found, and `position` is where the index stands now. */
  readonly after?: string | undefined
  readonly party?: string | undefined
}

/** The query index: a projection of the log, never the truth. */
export interface EntryIndex {
  /** Whether it is open, and has all but the newest entries. */
  readonly isReady: boolean
  /**
   * Finds entries; everything sequenced before the call is considered.
   *
   * @param options.party - Only entries in which this party stands (subject, actor, owner, chain member).
   * @throws Fault `invalid_request` for a cursor that is not of this query; `index_unavailable`, here and below, while it is not open or is being built.
   */
  query(filter: IndexQuery, options?: { readonly party?: string | undefined }): Promise<IndexPage>
  get(id: string): Promise<LoggedEntry | undefined>
  /**
   * Finds the entries that came behind a position, at most some hundreds at once.
   *
   * @throws Fault `invalid_request` for a position that is not of this index.
   */
  tail(filter: DecisionFilter, options?: TailOptions): Promise<TailPage>
  /** Calls back, at once and cheaply, when there may be more for a tail. Returns what ends it. */
  onMore(listener: () => void): () => void
  close(): Promise<void>
}

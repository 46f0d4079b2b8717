/**
 * The query index on SQLite: tables and queries, synchronous. {@link file://./index-worker.ts} runs it in a thread.
 *
 * An inverted index in chunks of 16,384 entries: for each chunk and each term (`actor` = `agent:…`, `reason` = …) the set of entries that
 * contain it. A query intersects sets chunk by chunk, newest first, at a few look-ups a chunk. A chunk is written once, when it is full, in the
 * order of its key; the last chunk grows in memory and is rebuilt from its entries at opening.
 *
 * @module
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { type DecisionFilter, type Entry, Fault, type LoggedEntry, refuse } from '@mandate/protocol'
import type { IndexPage, IndexQuery, RawEntry, TailOptions, TailPage } from '../ports/log.ts'
import { atomically } from '../runtime/sqlite.ts'
import type { HeldChunk } from './fsck-chunk.ts'
import { CHUNK_ENTRIES, type Chunk, encodePlaces, GrowingChunk, matchesIn, type Places } from './index-chunk.ts'
import { decodeCursor, decodePosition, encodeCursor, encodePosition } from './index-cursor.ts'
import { addTo, parseEntry, TAIL_ENTRIES, TERMS_VERSION, termKey, wantedTerms } from './index-term.ts'

/** Schema version; an index of another version is rebuilt from the log. */
const TABLES = '1'
const VERSION = `${TABLES}.${TERMS_VERSION}`
const CACHE_KIB = 16_384
/** Four times SQLite's page: entries of a kilobyte fill it better and take half of the CPU time to insert. A file keeps the size it was made with. */
const PAGE_BYTES = 16_384
/** Number of the log in a SQLite index, which holds one log only. */
const THE_LOG = 0

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TABLE IF NOT EXISTS entry (idx INTEGER PRIMARY KEY, id TEXT NOT NULL, body BLOB NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS entry_id ON entry (id);
  CREATE TABLE IF NOT EXISTS chunk (
    no INTEGER PRIMARY KEY, min_at INTEGER NOT NULL, max_at INTEGER NOT NULL, times BLOB NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS posting (
    no INTEGER NOT NULL, term BLOB NOT NULL, places BLOB NOT NULL, PRIMARY KEY (no, term)
  ) WITHOUT ROWID, STRICT;
`
const DROP =
  'DROP TABLE IF EXISTS posting; DROP TABLE IF EXISTS chunk; DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS meta;'

export class IndexStore {
  readonly #database: DatabaseSync
  readonly #origin: string
  readonly #statements = new Map<string, StatementSync>()
  /** The growing chunk; `undefined` until it is read from the tables. */
  #growing: GrowingChunk | undefined

  /**
   * @param path - A file, or `:memory:`.
   * @param mayClear - Whether an index of another version or another log is deleted; otherwise it throws Fault `index_unavailable`.
   */
  constructor(path: string, origin: string, mayClear = true) {
    this.#origin = origin
    this.#database = new DatabaseSync(path)
    this.#database.exec(`PRAGMA page_size = ${PAGE_BYTES};`)
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB};`)
    this.#database.exec(SCHEMA)
    if (this.#meta('version') === VERSION && this.#meta('origin') === origin) return
    if (!mayClear) throw new Fault('index_unavailable', `${path} is no index of ${origin} by this version: rebuild it`)
    this.clear()
  }

  /** Index of the first entry that is not indexed yet. */
  next(): number {
    const { first, size } = this.#newest()
    return first + size
  }

  /** Number of indexed entries, from the last one's index. */
  indexed(): number {
    return Number(this.#get('SELECT coalesce(max(idx) + 1, 0) AS next FROM entry')?.['next'])
  }

  /** Canonical bytes of an entry, by its index in the log. */
  bytesAt(index: number): Uint8Array | undefined {
    const { body } = this.#get('SELECT body FROM entry WHERE idx = ?', index) ?? {}
    return body instanceof Uint8Array ? body : undefined
  }

  clear(): void {
    this.#statements.clear()
    this.#growing = undefined
    this.#database.exec(DROP)
    this.#database.exec(SCHEMA)
    this.#run("INSERT INTO meta VALUES ('version', ?), ('origin', ?)", VERSION, this.#origin)
  }

  /** Adds the entries that follow those indexed, in one transaction. */
  add(entries: readonly RawEntry[]): void {
    try {
      atomically(this.#database, () => {
        for (const { index, bytes } of entries) {
          const entry = parseEntry(bytes)
          const chunk = this.#newest() // read before the row is inserted, or the entry would be counted twice
          if (index !== chunk.first + chunk.size) throw new Error(`entry ${index} does not follow what is indexed`)
          this.#run('INSERT INTO entry VALUES (?, ?, ?)', index, entry.id, bytes)
          this.#grow(chunk, entry)
        }
      })
    } catch (error) {
      this.#growing = undefined
      throw error
    }
  }

  /** @throws Fault `invalid_request` for a cursor of another query. */
  query(query: IndexQuery, party: string | undefined): IndexPage {
    const { limit, cursor: cursorText, ...filter } = query
    const cursor = cursorText === undefined ? undefined : decodeCursor(cursorText, filter, party)
    const terms = wantedTerms(filter, party)
    const before = cursor ? (cursor.before.get(THE_LOG) ?? 0) : Number.MAX_SAFE_INTEGER
    const found: number[] = []
    let total = 0
    for (const chunk of this.#chunks(before)) {
      const matches = matchesIn(chunk, terms, filter.from, filter.to)
      if (!matches) continue
      if (!cursor) total += matches.count
      if (found.length > limit && cursor) break
      for (const place of matches.descending(before - chunk.first)) {
        if (found.length > limit) break
        found.push(chunk.first + place)
      }
    }
    const shown = found.slice(0, limit)
    const last = found.length > limit ? shown.at(-1) : undefined
    const ended = { before: new Map([[THE_LOG, last ?? 0]]), total: cursor?.total ?? total }
    return {
      entries: shown.map((at) => this.#logged(at)),
      total: ended.total,
      nextCursor: last === undefined ? undefined : encodeCursor(ended, filter, party),
    }
  }

  /** @throws Fault `invalid_request` for a position of another index. */
  tail(filter: DecisionFilter, { after, party }: TailOptions): TailPage {
    const next = this.next()
    const from = after === undefined ? next : (decodePosition(after).get(THE_LOG) ?? 0)
    if (from > next) throw refuse('invalid_request', 'Last-Event-ID: is ahead of this index.')
    const terms = wantedTerms(filter, party)
    const found: number[] = []
    for (let no = Math.floor(from / CHUNK_ENTRIES); no * CHUNK_ENTRIES < next && found.length < TAIL_ENTRIES; no += 1) {
      const newest = this.#newest()
      const chunk = newest.first === no * CHUNK_ENTRIES ? newest : this.#stored(no)
      const places = matchesIn(chunk, terms, filter.from, filter.to)?.descending(CHUNK_ENTRIES) ?? []
      found.push(
        ...[...places]
          .map((place) => chunk.first + place)
          .filter((index) => index >= from)
          .reverse(),
      )
    }
    const positionAt = (index: number): string => encodePosition(new Map([[THE_LOG, index]]))
    const shown = found.slice(0, TAIL_ENTRIES)
    return {
      entries: shown.map((index) => ({ entry: this.#logged(index), position: positionAt(index + 1) })),
      position: positionAt(found.length > shown.length ? (shown.at(-1) ?? 0) + 1 : next),
    }
  }

  get(id: string): LoggedEntry | undefined {
    const { idx } = this.#get('SELECT idx FROM entry WHERE id = ? ORDER BY idx LIMIT 1', id) ?? {}
    return idx === undefined ? undefined : this.#logged(Number(idx))
  }

  /** All rows of a chunk, read in one transaction. */
  held(no: number): HeldChunk {
    this.#database.exec('BEGIN')
    try {
      return this.#held(no)
    } finally {
      this.#database.exec('COMMIT')
    }
  }

  #held(no: number): HeldChunk {
    const next = this.indexed()
    const first = no * CHUNK_ENTRIES
    const entries = new Map<number, { readonly id: string; readonly bytes: Uint8Array }>()
    const rows = this.#statement('SELECT idx, id, body FROM entry WHERE idx >= ? AND idx < ?')
    for (const { idx, id, body } of rows.iterate(first, first + CHUNK_ENTRIES))
      if (body instanceof Uint8Array) entries.set(Number(idx), { id: String(id), bytes: body })
    const postings = new Map<string, Uint8Array>()
    for (const { term, places } of this.#statement('SELECT term, places FROM posting WHERE no = ?').iterate(no))
      if (term instanceof Uint8Array && places instanceof Uint8Array)
        postings.set(Buffer.from(term).toString('hex'), places)
    const row = this.#get('SELECT min_at, max_at, times FROM chunk WHERE no = ?', no)
    const times = row?.['times']
    const span =
      times instanceof Uint8Array
        ? { minAt: Number(row?.['min_at']), maxAt: Number(row?.['max_at']), times }
        : undefined
    return { next, entries, span, postings }
  }

  close(): void {
    this.#database.close()
  }

  /** Yields the chunks with entries below `before`, newest first. */
  *#chunks(before: number): Generator<Chunk> {
    const newest = this.#newest()
    if (newest.first < before) yield newest
    for (let no = newest.first / CHUNK_ENTRIES - 1; no >= 0; no -= 1) {
      if (no * CHUNK_ENTRIES < before) yield this.#stored(no)
    }
  }

  #stored(no: number): Chunk {
    const span = this.#get('SELECT min_at, max_at FROM chunk WHERE no = ?', no)
    return {
      first: no * CHUNK_ENTRIES,
      size: CHUNK_ENTRIES,
      minAt: Number(span?.['min_at']),
      maxAt: Number(span?.['max_at']),
      times: () => {
        const { times } = this.#get('SELECT times FROM chunk WHERE no = ?', no) ?? {}
        return new Float64Array(times instanceof Uint8Array ? times.slice().buffer : new ArrayBuffer(0))
      },
      places: (term): Places | undefined => {
        const row = this.#get('SELECT places FROM posting WHERE no = ? AND term = ?', no, termKey(term))
        return row?.['places'] instanceof Uint8Array ? row['places'] : undefined
      },
    }
  }

  /** The growing chunk. After opening, or after a failure, it is rebuilt from the entries that are in no stored chunk. */
  #newest(): GrowingChunk {
    if (this.#growing) return this.#growing
    const { no } = this.#get('SELECT coalesce(max(no) + 1, 0) AS no FROM chunk') ?? {}
    const chunk = new GrowingChunk(Number(no ?? 0) * CHUNK_ENTRIES)
    for (const { body } of this.#statement('SELECT body FROM entry WHERE idx >= ? ORDER BY idx').iterate(chunk.first)) {
      if (body instanceof Uint8Array) addTo(chunk, parseEntry(body))
    }
    this.#growing = chunk
    return chunk
  }

  #grow(chunk: GrowingChunk, entry: Entry): void {
    addTo(chunk, entry)
    if (chunk.size < CHUNK_ENTRIES) return
    const no = chunk.first / CHUNK_ENTRIES
    const times = new Uint8Array(Float64Array.from(chunk.times()).buffer)
    this.#run('INSERT INTO chunk VALUES (?, ?, ?, ?)', no, chunk.minAt, chunk.maxAt, times)
    const postings = [...chunk.terms()].map(([term, places]) => ({ key: termKey(term), places }))
    for (const { key, places } of postings.sort((one, other) => Buffer.compare(one.key, other.key))) {
      this.#run('INSERT INTO posting VALUES (?, ?, ?)', no, key, encodePlaces(places))
    }
    this.#growing = new GrowingChunk(chunk.first + CHUNK_ENTRIES)
  }

  #logged(index: number): LoggedEntry {
    const bytes = this.bytesAt(index)
    if (!bytes) throw new Error(`the index lists entry ${index} and does not hold it`)
    return { ...parseEntry(bytes), index, origin: this.#origin }
  }

  #meta(name: string): string | undefined {
    const { value } = this.#get('SELECT value FROM meta WHERE name = ?', name) ?? {}
    return value === undefined ? undefined : String(value)
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #get(sql: string, ...values: readonly SQLInputValue[]): ReturnType<StatementSync['get']> {
    return this.#statement(sql).get(...values)
  }

  #run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#statement(sql).run(...values)
  }
}

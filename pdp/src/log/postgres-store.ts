/**
 * The query index on PostgreSQL: the same sets by chunk as on SQLite ({@link file://./index-store.ts}), shared by several PDPs. Each PDP
 * writes the part of its own log only; a query reads the parts of all logs in one transaction.
 *
 * @module
 */
import { type DecisionFilter, type Entry, Fault, type LoggedEntry, refuse } from '@mandate/protocol'
import type { ClientBase, Pool } from 'pg'
import type { ConfiguredIssuer } from '../ports/configured-issuer.ts'
import type { IndexPage, IndexQuery, RawEntry, TailOptions, TailPage } from '../ports/log.ts'
import { createPool } from '../runtime/postgres-pool.ts'
import type { HeldChunk } from './fsck-chunk.ts'
import { CHUNK_ENTRIES, type Chunk, GrowingChunk, matchesIn } from './index-chunk.ts'
import { decodeCursor, decodePosition, encodeCursor, encodePosition, type Marks } from './index-cursor.ts'
import { mergeLogs } from './index-merge.ts'
import { addTo, parseEntry, TAIL_ENTRIES, wantedTerms } from './index-term.ts'
import { chunksOf, GrowingChunks, type Wanted } from './postgres-chunks.ts'
import {
  candidatesOf,
  clearLog,
  heldChunk,
  insertEntries,
  loggedOf,
  makeReady,
  storeChunk,
} from './postgres-statements.ts'

const CONNECT_MS = 3_000
const STATEMENT_MS = 20_000
const READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/** This PDP's log in the index. */
interface Own {
  readonly no: number
  readonly generation: number
  readonly next: number
}

export class PostgresIndexStore {
  readonly #origin: string
  readonly #issuer: ConfiguredIssuer | undefined
  readonly #pool: Pool
  readonly #growing = new GrowingChunks()
  #isReady = false
  #url: string

  /**
   * @param url - `postgres://…`. The constructor does not connect.
   * @param issuer - Issuer that the index has to belong to. @default any
   */
  constructor(url: string, origin: string, issuer?: ConfiguredIssuer) {
    this.#origin = origin
    this.#issuer = issuer
    this.#url = url
    const settings = () => ({
      connectionString: this.#url,
      application_name: 'mandate-index',
      connectionTimeoutMillis: CONNECT_MS,
      statement_timeout: STATEMENT_MS,
    })
    this.#pool = createPool(settings, { connectionTimeoutMillis: CONNECT_MS, max: 1 })
  }

  /** Connects with another user or password from now on. */
  replaceUrl(url: string): void {
    this.#url = url
  }

  /** Index of the first entry of its log that is not indexed yet. */
  async next(): Promise<number> {
    return this.#within('BEGIN', async (client) => (await this.#own(client)).next)
  }

  /** Number of indexed entries of its log. */
  indexed(): Promise<number> {
    return this.next()
  }

  /** The canonical bytes of an entry of its log. */
  async bytesAt(index: number): Promise<Uint8Array | undefined> {
    const { rows } = await this.#within(READ, (client) =>
      client.query<{ body: string }>(
        'SELECT body FROM mandate_index.entry e JOIN mandate_index.log l ON l.no = e.log WHERE l.origin = $1 AND e.idx = $2',
        [this.#origin, index],
      ),
    )
    return rows[0] && Buffer.from(rows[0].body)
  }

  /** Deletes the part of its own log. */
  async clear(): Promise<void> {
    await this.#within('BEGIN', async (client) => clearLog(client, (await this.#own(client)).no))
  }

  /** Adds the entries of its log that follow those indexed, in one transaction. */
  async add(entries: readonly RawEntry[]): Promise<void> {
    const [first] = entries
    if (!first) return
    await this.#within('BEGIN', async (client) => {
      const own = await this.#own(client)
      if (first.index !== own.next) throw new Error(`entry ${first.index} does not follow what is indexed`)
      const logs = await this.#growing.refresh(client)
      let growing = logs.find(({ no }) => no === own.no)?.growing
      if (!growing) throw new Error(`log ${own.no} is not in the index`)
      const parsed = entries.map(({ bytes }) => parseEntry(bytes))
      await insertEntries(client, own.no, entries, parsed)
      for (const entry of parsed) {
        addTo(growing, entry)
        if (growing.size < CHUNK_ENTRIES) continue
        await storeChunk(client, own.no, growing)
        growing = new GrowingChunk(growing.first + CHUNK_ENTRIES)
      }
      this.#growing.put(own.no, own.generation, growing)
    }).catch((error: unknown) => {
      // Whether the transaction was committed is unknown, so the state is read again.
      this.#growing.forget()
      throw error
    })
  }

  /** @throws Fault `invalid_request` for a cursor of another query. */
  query(query: IndexQuery, party: string | undefined): Promise<IndexPage> {
    const { limit, cursor: text, ...filter } = query
    const cursor = text === undefined ? undefined : decodeCursor(text, filter, party)
    return this.#within(READ, async (client) => {
      const logs = await this.#growing.refresh(client)
      const before: Marks = cursor?.before ?? new Map(logs.map(({ no, next }) => [no, next]))
      const wanted = wantedOf(filter, party, { before })
      const chunks = await chunksOf(client, logs, wanted)
      let total = cursor?.total ?? 0
      const found = [...chunks].map(([log, ofLog]) => {
        const { places, count } = newest(ofLog, wanted, before.get(log) ?? 0, limit + 1)
        if (!cursor) total += count
        return { log, places }
      })
      const merged = mergeLogs(await candidatesOf(client, found), limit + 1, 'newest')
      const shown = merged.slice(0, limit)
      const ended = new Map(before)
      for (const { log, index } of shown) ended.set(log, index)
      return {
        entries: await loggedOf(client, logs, shown),
        total,
        nextCursor: merged.length > limit ? encodeCursor({ before: ended, total }, filter, party) : undefined,
      }
    })
  }

  /** @throws Fault `invalid_request` for a position of another index. */
  tail(filter: DecisionFilter, { after, party }: TailOptions): Promise<TailPage> {
    const asked = after === undefined ? undefined : decodePosition(after)
    return this.#within(READ, async (client) => {
      const logs = await this.#growing.refresh(client)
      const since = new Map(logs.map(({ no, next }) => [no, asked ? (asked.get(no) ?? 0) : next]))
      if (logs.some(({ no, next }) => (since.get(no) ?? 0) > next))
        throw refuse('invalid_request', 'Last-Event-ID: is ahead of this index.')
      const wanted = wantedOf(filter, party, { since })
      const chunks = await chunksOf(
        client,
        logs.filter(({ no, next }) => (since.get(no) ?? 0) < next),
        wanted,
      )
      const found = [...chunks].map(([log, ofLog]) => ({ log, places: oldest(ofLog, wanted, since.get(log) ?? 0) }))
      const merged = mergeLogs(await candidatesOf(client, found), TAIL_ENTRIES + 1, 'oldest')
      const shown = merged.slice(0, TAIL_ENTRIES)
      const entries = await loggedOf(client, logs, shown)
      const position = new Map(since)
      const tailed = shown.flatMap(({ log, index }, at) => {
        position.set(log, index + 1)
        const entry = entries[at]
        return entry ? [{ entry, position: encodePosition(position) }] : []
      })
      if (merged.length === shown.length) for (const { no, next } of logs) position.set(no, next)
      return { entries: tailed, position: encodePosition(position) }
    })
  }

  async get(id: string): Promise<LoggedEntry | undefined> {
    const { rows } = await this.#within(READ, (client) =>
      client.query<{ origin: string; idx: string; body: string }>(
        'SELECT l.origin, e.idx, e.body FROM mandate_index.entry e JOIN mandate_index.log l ON l.no = e.log WHERE e.id = $1 ORDER BY e.log, e.idx LIMIT 1',
        [id],
      ),
    )
    const [row] = rows
    return row && { ...(JSON.parse(row.body) as Entry), index: Number(row.idx), origin: row.origin }
  }

  /** All rows of a chunk of its log. */
  held(no: number): Promise<HeldChunk> {
    return this.#within('BEGIN', async (client) => heldChunk(client, await this.#own(client), no))
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  /** Locks the row of its log, so that another writer of this origin waits. */
  async #own(client: ClientBase): Promise<Own> {
    const { rows } = await client.query<{ no: number; generation: number; next: string }>(
      'SELECT no, generation, next FROM mandate_index.log WHERE origin = $1 FOR UPDATE',
      [this.#origin],
    )
    const [row] = rows
    if (!row) throw new Error(`the index has no log ${this.#origin}`)
    return { ...row, next: Number(row.next) }
  }

  /** Runs one transaction. Failures other than invalid input become `index_unavailable`. */
  async #within<T>(begin: string, work: (client: ClientBase) => Promise<T>): Promise<T> {
    try {
      if (!this.#isReady) await this.#transaction('BEGIN', (client) => makeReady(client, this.#origin, this.#issuer))
      this.#isReady = true
      return await this.#transaction(begin, work)
    } catch (error) {
      if (error instanceof Fault) throw error
      throw new Fault('index_unavailable', `index: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }

  async #transaction<T>(begin: string, work: (client: ClientBase) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect()
    let broken: Error | undefined
    try {
      await client.query(begin)
      const result = await work(client)
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch((cause: unknown) => {
        broken = cause instanceof Error ? cause : new Error(String(cause))
      })
      throw error
    } finally {
      client.release(broken)
    }
  }
}

function wantedOf(
  filter: DecisionFilter,
  party: string | undefined,
  bounds: { readonly before?: Marks; readonly since?: Marks },
): Wanted {
  return { terms: wantedTerms(filter, party), from: filter.from, to: filter.to, ...bounds }
}

/** Finds the newest matches below `before`, `limit` at most, and the total number of matches. */
function newest(
  chunks: readonly Chunk[],
  { terms, from, to }: Wanted,
  before: number,
  limit: number,
): { readonly places: readonly number[]; readonly count: number } {
  const places: number[] = []
  let count = 0
  for (const chunk of chunks.toReversed()) {
    const matches = chunk.first < before ? matchesIn(chunk, terms, from, to) : undefined
    if (!matches) continue
    count += matches.count
    for (const place of matches.descending(before - chunk.first)) {
      if (places.length >= limit) break
      places.push(chunk.first + place)
    }
  }
  return { places, count }
}

/** Finds the oldest matches from `since` on: one more than a tail gets, to know whether there are more. */
function oldest(chunks: readonly Chunk[], { terms, from, to }: Wanted, since: number): readonly number[] {
  const places: number[] = []
  for (const chunk of chunks) {
    if (places.length > TAIL_ENTRIES) break
    const matches = matchesIn(chunk, terms, from, to)
    const indexes = [...(matches?.descending(CHUNK_ENTRIES) ?? [])].map((place) => chunk.first + place)
    places.push(...indexes.filter((index) => index >= since).reverse())
  }
  return places.slice(0, TAIL_ENTRIES + 1)
}

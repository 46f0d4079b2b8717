/**
 * Chunks of every log of a shared index, as one transaction sees them: stored chunks by the rows that a query needs, growing chunks from a cache that
 * is brought up to date first.
 *
 * @module
 */
import type { Entry } from '@mandate/protocol'
import type { ClientBase } from 'pg'
import { CHUNK_ENTRIES, type Chunk, GrowingChunk } from './index-chunk.ts'
import type { Marks } from './index-cursor.ts'
import { addTo, termKey, type WantedTerms } from './index-term.ts'

/** Row of one log in the index. */
export interface IndexedLog {
  readonly no: number
  readonly origin: string
  /** Index of the first entry that is not indexed yet. */
  readonly next: number
  /** Entries that are in no stored chunk. */
  readonly growing: GrowingChunk
}

interface LogRow {
  readonly no: number
  readonly origin: string
  readonly generation: number
  readonly next: string
  readonly chunks: number
}

interface CachedChunk {
  readonly generation: number
  readonly growing: GrowingChunk
}

const LOGS = `
  SELECT l.no, l.origin, l.generation, l.next, (SELECT count(*) FROM mandate_index.chunk c WHERE c.log = l.no)::integer AS chunks
  FROM mandate_index.log l ORDER BY l.no`
const FRESH = `
  SELECT e.log, e.body FROM unnest($1::integer[], $2::bigint[]) AS k(log, first)
  JOIN mandate_index.entry e ON e.log = k.log AND e.idx >= k.first ORDER BY e.log, e.idx`

/** Cache of the growing chunks, by log. */
export class GrowingChunks {
  readonly #chunks = new Map<number, CachedChunk>()

  /** Clears the cache; after a failure its content is unknown. */
  forget(): void {
    this.#chunks.clear()
  }

  /** @param generation - Generation of the log's row; a rebuild makes a new one. */
  put(log: number, generation: number, growing: GrowingChunk): void {
    this.#chunks.set(log, { generation, growing })
  }

  /** Reads all logs with their growing chunks, as this transaction sees them. */
  async refresh(client: ClientBase): Promise<readonly IndexedLog[]> {
    const { rows } = await client.query<LogRow>(LOGS)
    const logs = rows.map((row) => ({
      no: row.no,
      origin: row.origin,
      next: Number(row.next),
      growing: this.#growingOf(row),
    }))
    const behind = logs.filter(({ growing, next }) => growing.first + growing.size < next)
    if (behind.length === 0) return logs
    const from = behind.map(({ growing }) => growing.first + growing.size)
    const fresh = await client.query<{ log: number; body: string }>(FRESH, [behind.map(({ no }) => no), from])
    const byNo = new Map(behind.map((log) => [log.no, log.growing]))
    for (const { log, body } of fresh.rows) {
      const growing = byNo.get(log)
      if (growing) addTo(growing, JSON.parse(body) as Entry)
    }
    return logs
  }

  #growingOf({ no, generation, chunks, next }: LogRow): GrowingChunk {
    const first = chunks * CHUNK_ENTRIES
    const known = this.#chunks.get(no)
    const isCurrent = known?.generation === generation && known.growing.first === first
    if (known && isCurrent && first + known.growing.size <= Number(next)) return known.growing
    const growing = new GrowingChunk(first)
    this.put(no, generation, growing)
    return growing
  }
}

/** A query's selection of stored chunks. */
export interface Wanted {
  readonly terms: WantedTerms
  readonly from: number | undefined
  readonly to: number | undefined
  /** By log: exclusive upper and inclusive lower bound of the entries' index. A log that is absent is not searched. */
  readonly before?: Marks
  readonly since?: Marks
}

const SPANS = `
  SELECT c.log, c.no, c.min_at, c.max_at FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS k(log, since, before)
  JOIN mandate_index.chunk c ON c.log = k.log AND c.no >= k.since AND c.no < k.before ORDER BY c.log, c.no`
const POSTINGS = `
  SELECT p.term, p.log, p.no, p.places FROM unnest($2::integer[], $3::bigint[], $4::bigint[]) AS k(log, since, before)
  JOIN mandate_index.posting p ON p.term = ANY($1::bytea[]) AND p.log = k.log AND p.no >= k.since AND p.no < k.before`
const TIMES = `
  SELECT c.log, c.no, c.times FROM unnest($1::integer[], $2::integer[]) AS k(log, no)
  JOIN mandate_index.chunk c ON c.log = k.log AND c.no = k.no`

interface SpanRow {
  readonly log: number
  readonly no: number
  readonly min_at: string
  readonly max_at: string
}

/** Reads the selected chunks, by ascending index within each log, the growing one last. */
export async function chunksOf(
  client: ClientBase,
  logs: readonly IndexedLog[],
  { terms, from, to, before, since }: Wanted,
): Promise<ReadonlyMap<number, readonly Chunk[]>> {
  const meant = logs.filter(({ no }) => before === undefined || before.has(no))
  const nos = meant.map(({ no }) => no)
  const first = meant.map(({ no }) => Math.floor((since?.get(no) ?? 0) / CHUNK_ENTRIES))
  const end = meant.map(({ no, next }) => Math.ceil((before?.get(no) ?? next) / CHUNK_ENTRIES))
  const { rows } = await client.query<SpanRow>(SPANS, [nos, first, end])
  const keys = [...new Set(terms.flat())].map((term) => Buffer.from(termKey(term)))
  const places = await placesOf(client, keys, [nos, first, end])
  const times = await timesOf(
    client,
    rows.filter((span) => isCut(span, from, to)),
  )
  const found = new Map<number, Chunk[]>(nos.map((no) => [no, []]))
  for (const { log, no, min_at, max_at } of rows) {
    found.get(log)?.push({
      first: no * CHUNK_ENTRIES,
      size: CHUNK_ENTRIES,
      minAt: Number(min_at),
      maxAt: Number(max_at),
      times: () => times.get(`${log} ${no}`) ?? [],
      places: (term) => places.get(`${log} ${no} ${Buffer.from(termKey(term)).toString('hex')}`),
    })
  }
  for (const { no, growing } of meant) found.get(no)?.push(growing)
  return found
}

/** Whether a time bound lies within the chunk; only then its entries' times are read. */
function isCut({ min_at, max_at }: SpanRow, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): boolean {
  const [min, max] = [Number(min_at), Number(max_at)]
  return max >= from && min < to && (min < from || max >= to)
}

async function placesOf(
  client: ClientBase,
  keys: readonly Buffer[],
  bounds: readonly (readonly number[])[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  if (keys.length === 0) return found
  const { rows } = await client.query<{ term: Buffer; log: number; no: number; places: Buffer }>(POSTINGS, [
    keys,
    ...bounds,
  ])
  for (const { term, log, no, places } of rows) found.set(`${log} ${no} ${term.toString('hex')}`, places)
  return found
}

async function timesOf(client: ClientBase, cut: readonly SpanRow[]): Promise<ReadonlyMap<string, Float64Array>> {
  const found = new Map<string, Float64Array>()
  if (cut.length === 0) return found
  const asked = [cut.map(({ log }) => log), cut.map(({ no }) => no)]
  const { rows } = await client.query<{ log: number; no: number; times: Buffer }>(TIMES, asked)
  for (const { log, no, times } of rows) found.set(`${log} ${no}`, new Float64Array(Uint8Array.from(times).buffer))
  return found
}

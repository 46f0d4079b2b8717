/**
 * SQL statements of the index on PostgreSQL, each run within a transaction of {@link file://./postgres-store.ts}.
 *
 * @module
 */
import { type Entry, entryTime, type LoggedEntry } from '@mandate/protocol'
import type { ClientBase } from 'pg'
import type { ConfiguredIssuer } from '../ports/configured-issuer.ts'
import type { RawEntry } from '../ports/log.ts'
import type { HeldChunk } from './fsck-chunk.ts'
import { CHUNK_ENTRIES, encodePlaces, type GrowingChunk } from './index-chunk.ts'
import { requireIndexIssuer } from './index-issuer.ts'
import type { Candidate } from './index-merge.ts'
import { TERMS_VERSION, termKey } from './index-term.ts'
import type { IndexedLog } from './postgres-chunks.ts'
import { migrate } from './postgres-schema.ts'

const utf8 = new TextDecoder()

/** Creates tables and the log's row; deletes what was indexed with other terms. @throws Fault `index_unavailable` for an index of another issuer. */
export async function makeReady(
  client: ClientBase,
  origin: string,
  issuer: ConfiguredIssuer | undefined,
): Promise<void> {
  await migrate(client)
  if (issuer) await requireIndexIssuer(client, issuer)
  await client.query('INSERT INTO mandate_index.log (origin, terms) VALUES ($1, $2) ON CONFLICT (origin) DO NOTHING', [
    origin,
    TERMS_VERSION,
  ])
  const { rows } = await client.query<{ no: number; terms: number }>(
    'SELECT no, terms FROM mandate_index.log WHERE origin = $1 FOR UPDATE',
    [origin],
  )
  for (const { no, terms } of rows) if (terms !== TERMS_VERSION) await clearLog(client, no)
}

export async function clearLog(client: ClientBase, no: number): Promise<void> {
  for (const table of ['posting', 'chunk', 'entry'])
    await client.query(`DELETE FROM mandate_index.${table} WHERE log = $1`, [no])
  await client.query('UPDATE mandate_index.log SET next = 0, generation = generation + 1, terms = $2 WHERE no = $1', [
    no,
    TERMS_VERSION,
  ])
}

export async function insertEntries(
  client: ClientBase,
  log: number,
  raw: readonly RawEntry[],
  entries: readonly Entry[],
): Promise<void> {
  await client.query(
    'INSERT INTO mandate_index.entry SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[])',
    [
      log,
      raw.map(({ index }) => index),
      entries.map(({ id }) => id),
      entries.map(entryTime),
      raw.map(({ bytes }) => utf8.decode(bytes)),
    ],
  )
  await client.query('UPDATE mandate_index.log SET next = next + $2 WHERE no = $1', [log, raw.length])
}

export async function storeChunk(client: ClientBase, log: number, chunk: GrowingChunk): Promise<void> {
  const no = chunk.first / CHUNK_ENTRIES
  const times = Buffer.from(Float64Array.from(chunk.times()).buffer)
  await client.query('INSERT INTO mandate_index.chunk VALUES ($1, $2, $3, $4, $5)', [
    log,
    no,
    chunk.minAt,
    chunk.maxAt,
    times,
  ])
  const postings = [...chunk.terms()].map(([term, places]) => ({ key: Buffer.from(termKey(term)), places }))
  postings.sort((one, other) => Buffer.compare(one.key, other.key))
  await client.query(
    'INSERT INTO mandate_index.posting SELECT t, $1, $2, p FROM unnest($3::bytea[], $4::bytea[]) AS k(t, p)',
    [log, no, postings.map(({ key }) => key), postings.map(({ places }) => Buffer.from(encodePlaces(places)))],
  )
}

export interface Found {
  readonly log: number
  readonly places: readonly number[]
}

/** Includes the instants that order entries of several logs; a single log needs none. */
export async function candidatesOf(
  client: ClientBase,
  found: readonly Found[],
): Promise<readonly (readonly Candidate[])[]> {
  const some = found.filter(({ places }) => places.length > 0)
  if (some.length <= 1) return some.map(({ log, places }) => places.map((index) => ({ log, index, at: 0 })))
  const { rows } = await client.query<{ log: number; idx: string; at: string }>(
    'SELECT e.log, e.idx, e.at FROM unnest($1::integer[], $2::bigint[]) AS k(log, idx) JOIN mandate_index.entry e USING (log, idx)',
    [some.flatMap(({ log, places }) => places.map(() => log)), some.flatMap(({ places }) => places)],
  )
  const times = new Map(rows.map(({ log, idx, at }) => [`${log} ${idx}`, Number(at)]))
  return some.map(({ log, places }) => places.map((index) => ({ log, index, at: times.get(`${log} ${index}`) ?? 0 })))
}

/** Reads the entries of these keys, in order. */
export async function loggedOf(
  client: ClientBase,
  logs: readonly IndexedLog[],
  shown: readonly Candidate[],
): Promise<readonly LoggedEntry[]> {
  if (shown.length === 0) return []
  const { rows } = await client.query<{ body: string }>(
    `SELECT e.body FROM unnest($1::integer[], $2::bigint[]) WITH ORDINALITY AS k(log, idx, place)
     JOIN mandate_index.entry e USING (log, idx) ORDER BY k.place`,
    [shown.map(({ log }) => log), shown.map(({ index }) => index)],
  )
  if (rows.length !== shown.length) throw new Error('the index lists entries that it does not hold')
  const origins = new Map(logs.map(({ no, origin }) => [no, origin]))
  return shown.map(({ log, index }, at) => ({
    ...(JSON.parse(rows[at]?.body ?? '') as Entry),
    index,
    origin: origins.get(log),
  }))
}

/** Reads all rows of a chunk. */
export async function heldChunk(
  client: ClientBase,
  { no: log, next }: { readonly no: number; readonly next: number },
  no: number,
): Promise<HeldChunk> {
  const first = no * CHUNK_ENTRIES
  const entries = await client.query<{ idx: string; id: string; body: string }>(
    'SELECT idx, id, body FROM mandate_index.entry WHERE log = $1 AND idx >= $2 AND idx < $3',
    [log, first, first + CHUNK_ENTRIES],
  )
  const spans = await client.query<{ min_at: string; max_at: string; times: Buffer }>(
    'SELECT min_at, max_at, times FROM mandate_index.chunk WHERE log = $1 AND no = $2',
    [log, no],
  )
  const postings = await client.query<{ term: Buffer; places: Buffer }>(
    'SELECT term, places FROM mandate_index.posting WHERE log = $1 AND no = $2',
    [log, no],
  )
  const [span] = spans.rows
  return {
    next,
    entries: new Map(entries.rows.map(({ idx, id, body }) => [Number(idx), { id, bytes: Buffer.from(body) }])),
    span: span && { minAt: Number(span.min_at), maxAt: Number(span.max_at), times: span.times },
    postings: new Map(postings.rows.map(({ term, places }) => [term.toString('hex'), places])),
  }
}

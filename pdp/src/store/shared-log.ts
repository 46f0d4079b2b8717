/**
 * The invalidation log of a PostgreSQL database that several PDPs use. Every event gets its number from the head row, which is locked from then until
 * the commit: numbers have no gaps, and their order is that of the commits. Owns the tables `invalidation_head` and `invalidations`.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { type EpochMillis, Fault } from '@mandate/protocol'
import type {
  Announcement,
  InvalidationEvent,
  InvalidationLog,
  LogPosition,
  LogStart,
  Topic,
  TupleName,
} from '../ports/invalidations.ts'
import type { OpenChange } from '../ports/stores.ts'
import type { Announcer } from './announcer.ts'
import type { SqlStatement, StoreLeases } from './leases.ts'
import { PENDING_CHANGES, pendingOf } from './pending-changes.ts'
import { type Database, optional, type Queries, type Row, type SqlValue, text } from './sql.ts'

/** The time of the database, in milliseconds. */
const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'
/** How long events are kept, in milliseconds, and how many: a PDP that was away for longer begins anew. */
const KEPT_MS = 600_000
const KEPT_EVENTS = 100_000
/** Most events that are applied one by one: beginning anew takes less time than more of them. */
const MAX_EVENTS = 10_000
const TOKEN_BYTES = 12
/**
 * When the server started: another one after a failover and after each restart. Part of a reader's position, because a standby that lacks commits may
 * end just where the reader is, with the same event there.
 */
const SERVER = 'extract(epoch FROM pg_postmaster_start_time())::text AS server'

export interface SharedLogOptions {
  readonly database: Pick<Database, 'rows' | 'changeAlone'>
  /** Reads the log for the barrier. @default the database */
  readonly reads?: Pick<Queries, 'rows'>
  /** Who appends, for operators. */
  readonly writer: string
}

export class SharedLog implements InvalidationLog, Announcer {
  readonly isShared = true
  readonly #database: Pick<Database, 'rows' | 'changeAlone'>
  readonly #reads: Pick<Queries, 'rows'>
  readonly #writer: string

  constructor({ database, reads = database, writer }: SharedLogOptions) {
    this.#database = database
    this.#reads = reads
    this.#writer = writer
  }

  /** Head and pending changes in one statement, and so in one snapshot. */
  async start(): Promise<LogStart> {
    const rows = await this.#rows(
      `SELECT head.seq, head.token, ${SERVER}, pending.id, pending.keys FROM invalidation_head AS head
       LEFT JOIN (${PENDING_CHANGES}) AS pending ON true ORDER BY pending.id`,
    )
    const [first] = rows
    if (!first) throw new Fault('relations_unavailable', 'the invalidation log has no head')
    const pending = rows.flatMap((row) => (row['id'] === null ? [] : [pendingOf(row)]))
    return { position: positionOf(first), pending }
  }

  async read({ seq, token }: LogPosition): Promise<readonly InvalidationEvent[] | undefined> {
    const [last, ...rows] = await this.#rows(
      `SELECT seq, token, ${SERVER}, kind, change, topic, data FROM invalidations WHERE seq >= $1 ORDER BY seq LIMIT ${MAX_EVENTS + 1}`,
      seq,
    )
    if (!last || rows.length === MAX_EVENTS) return undefined
    const here = positionOf(last)
    // allowed: timing: a position in the log, not a secret.
    if (here.seq !== seq || here.token !== token) return undefined
    return rows.map(eventOf)
  }

  /** @throws Fault `relations_unavailable`, whatever is wrong with the log. */
  async #rows(sql: string, ...values: readonly SqlValue[]): Promise<readonly Row[]> {
    try {
      return await this.#reads.rows(sql, ...values)
    } catch (cause) {
      if (cause instanceof Fault) throw cause
      throw new Fault('relations_unavailable', 'the invalidation log cannot be read', { cause })
    }
  }

  /**
   * Announces a change of tuples and stores it in one statement: a process that is paused meanwhile holds no lock.
   *
   * @returns `false` where another PDP has the lease on the change; then nothing was stored.
   */
  async begin({ id, at, keys }: OpenChange, leases: StoreLeases): Promise<boolean> {
    const taking = leases.taking('write', id, 4)
    const open = this.appending({ kind: 'open', change: id, keys }, 4 + taking.values.length, {
      with: `taken AS (${taking.sql} RETURNING 1), begun AS (
        INSERT INTO changes (id, at, keys) SELECT $1, $2::bigint, $3 FROM taken RETURNING 1)`,
      condition: 'EXISTS (SELECT FROM begun)',
    })
    const values = [id, at, JSON.stringify(keys), ...taking.values, ...open.values]
    return (await this.#database.changeAlone(open.sql, ...values)) === 1
  }

  /** Stores the end of a change, releases its lease and announces it, in one statement. */
  async decided(id: string, at: EpochMillis, leases: StoreLeases): Promise<void> {
    const dropping = leases.dropping('write', id, 3)
    const close = this.appending({ kind: 'close', change: id }, 3 + dropping.values.length, {
      with: `decided AS (
        INSERT INTO changes (id, at, keys, decided) VALUES ($1, $2, '[]', 1)
        ON CONFLICT (id) DO UPDATE SET keys = excluded.keys, decided = 1), released AS (${dropping.sql})`,
      condition: 'true',
    })
    await this.#database.changeAlone(close.sql, id, at, ...dropping.values, ...close.values)
  }

  /** Appended at the end of the transaction, so that the head row is locked for one round trip only. */
  async announce(sql: Queries, what: Announcement): Promise<void> {
    sql.beforeCommit(() => {
      const append = this.appending(what, 1)
      return sql.change(append.sql, ...append.values)
    })
  }

  announceUncommitted(): void {
    throw new Fault('relations_unavailable', 'other PDPs would not hear of a change that cannot be stored', {
      detail: 'The change could not be stored. Nothing was changed.',
    })
  }

  /**
   * The statement that appends an event.
   *
   * @param first - Number of its first parameter.
   * @param change - The change that the event is about, as common table expressions, and a condition on them without which nothing is appended.
   */
  appending(
    what: Announcement,
    first: number,
    change?: { readonly with: string; readonly condition: string },
  ): SqlStatement {
    const [$token, $kind, $change, $topic, $data, $writer] = Array.from({ length: 6 }, (_, n) => `$${first + n}`)
    const values: readonly SqlValue[] = [
      randomBytes(TOKEN_BYTES).toString('base64url'),
      what.kind,
      what.kind === 'note' ? null : what.change,
      what.kind === 'note' ? what.topic : null,
      dataOf(what),
      this.#writer,
    ]
    return {
      sql: `WITH ${change ? `${change.with}, ` : ''}head AS (
         UPDATE invalidation_head SET seq = seq + 1, token = ${$token} WHERE ${change?.condition ?? 'true'} RETURNING seq, token
       )
       INSERT INTO invalidations (seq, token, kind, change, topic, data, writer, at)
       SELECT seq, token, ${$kind}, ${$change}, ${$topic}, ${$data}, ${$writer}, ${NOW} FROM head`,
      values,
    }
  }

  /**
   * Deletes old events, but never the last one: every reader finds its position there, or knows that it is lost. Pending changes are in the table
   * `changes`.
   */
  async trim(): Promise<void> {
    await this.#database.changeAlone(
      `DELETE FROM invalidations WHERE seq < (SELECT seq FROM invalidation_head) AND (
         at < ${NOW} - $1 OR seq <= (SELECT seq FROM invalidation_head) - $2)`,
      ...[KEPT_MS, KEPT_EVENTS],
    )
  }

  async size(): Promise<number> {
    const [row] = await this.#reads.rows(
      'SELECT (SELECT seq FROM invalidation_head) - (SELECT min(seq) FROM invalidations) AS events',
    )
    return Number(row?.['events'])
  }
}

/** The token of a position has the server beside the event's own token. */
const positionOf = (row: Row): LogPosition => ({
  seq: Number(row['seq']),
  token: `${text(row['token'])} ${text(row['server'])}`,
})

const dataOf = (what: Announcement): string => {
  if (what.kind === 'open') return JSON.stringify(what.keys)
  return what.kind === 'note' ? what.data : ''
}

function eventOf(row: Row): InvalidationEvent {
  const position = positionOf(row)
  const change = optional(row['change']) ?? ''
  const data = text(row['data'])
  switch (row['kind']) {
    case 'open':
      return { ...position, kind: 'open', change, keys: JSON.parse(data) as readonly TupleName[] }
    case 'close':
      return { ...position, kind: 'close', change }
    default:
      // A topic of a newer release is passed on: no listener of this one knows it.
      return { ...position, kind: 'note', topic: text(row['topic']) as Topic, data }
  }
}

/**
 * One connection of a PDP that is held as long as the PDP runs. Its session advisory locks show the other PDPs of the database that this one is running
 * and which locks it holds. PostgreSQL releases them as soon as the process is gone, and after {@link SILENT_MS} when the process is suspended or cut off.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '@mandate/protocol'
import { ConfigError } from '@mandate/service'
import { Client } from 'pg'
import type { UrlSource } from '../runtime/postgres-pool.ts'
import { lockId } from './advisory-lock.ts'
import { clientConfig, SCHEMA, storeErrorOf } from './postgres-session.ts'

/** After so many milliseconds without a statement PostgreSQL ends the connection, which releases its locks. */
export const SILENT_MS = 4_000
/** Interval of the statements that keep the connection alive, in milliseconds. */
const BEAT_MS = 1_000
/** Longest time of a statement on the connection, in milliseconds. */
const STATEMENT_MS = 2_000
/** How long a PDP waits for its origin, in milliseconds: longer than a predecessor that was suspended or cut off keeps it. */
const ORIGIN_WAIT_MS = SILENT_MS + 2_000
/** Longest wait for a connection while it is being made again, in milliseconds. */
const RECONNECT_WAIT_MS = 3_000
/** Pause between two attempts to connect, or to get the origin, in milliseconds. */
const ATTEMPT_PAUSE_MS = 100
/** Longest `application_name`, in bytes. */
const NAME_BYTES = 63

export interface MemberOptions {
  /** Read for each new connection. */
  readonly url: UrlSource
  /** The PDP's log origin: unique among the PDPs of the database, stable across restarts. */
  readonly origin: string
  /** Called on every new connection, before others may use it. A rejection ends the start, or counts as a failed attempt to connect. */
  readonly onJoin: (session: MemberSession) => Promise<void>
  /** Called about once a second, with the database's clock and this machine's clock at the same time, in milliseconds since 1970. */
  readonly onBeat: (database: number, machine: { readonly before: number; readonly after: number }) => void
  /** Called once, when another PDP has got the origin while this one was suspended or cut off. */
  readonly onReplaced: (problem: string) => void
  /** This machine's clock. */
  readonly now: () => number
}

/** One connection, from when it was made until it is lost. */
export class MemberSession {
  readonly id = randomUUID()
  /** Whether its locks are lost. May still be `false` a moment after PostgreSQL ended the connection. */
  isLost = false
  readonly #client: Client
  /** Settles after the last statement. Never rejects. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(client: Client) {
    this.#client = client
  }

  /**
   * Statements run in the order of the calls. One that fails ends the session: which locks it took is not known.
   *
   * @throws Fault `relations_unavailable`
   */
  async query(sql: string, values: readonly unknown[] = []): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const answer = this.#last.then(() => this.#client.query(sql, [...values]))
    this.#last = answer.catch(() => undefined)
    try {
      return (await answer).rows
    } catch (error) {
      void this.end()
      throw storeErrorOf(error)
    }
  }

  /** Closes the connection, which releases its locks. */
  async end(): Promise<void> {
    this.isLost = true
    await this.#client.end().catch(() => undefined)
  }
}

export class Member {
  readonly #options: MemberOptions
  /** The connection, or the attempt to make one. */
  #session: Promise<MemberSession>
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  private constructor(options: MemberOptions, session: MemberSession) {
    this.#options = options
    this.#session = Promise.resolve(session)
  }

  /**
   * @throws ConfigError when another PDP of the database has the origin; Fault `relations_unavailable` when the database does not answer.
   */
  static async join(options: MemberOptions): Promise<Member> {
    const lost: { handler: () => void } = { handler: () => undefined }
    const session = await connect(options, () => lost.handler())
    const member = new Member(options, session)
    lost.handler = () => member.#reconnect()
    member.#beat(session)
    return member
  }

  /** The present connection. Waits a little while one is being made. @throws Fault `relations_unavailable` */
  async session(): Promise<MemberSession> {
    const waiting = new AbortController()
    const late = pause(RECONNECT_WAIT_MS, undefined, { signal: waiting.signal }).then(() => {
      throw new Fault('relations_unavailable', 'PDP_STORE_URL: no connection for locks', {
        detail: 'The database of the PDP does not answer.',
      })
    })
    try {
      return await Promise.race([this.#session, late])
    } finally {
      waiting.abort()
      late.catch(() => undefined)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const ended = this.#session.then(
      (session) => session.end(),
      () => undefined,
    )
    await Promise.race([ended, pause(ATTEMPT_PAUSE_MS)])
  }

  #beat(session: MemberSession): void {
    this.#timer = setTimeout(async () => {
      const before = this.#options.now()
      try {
        const [row] = await session.query('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now')
        this.#options.onBeat(Number(row?.['now']), { before, after: this.#options.now() })
      } catch {
        return
      }
      if (!session.isLost && !this.#isClosed) this.#beat(session)
    }, BEAT_MS).unref()
  }

  #reconnect(): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    const again = this.#connectAgain()
    this.#session = again
    again.then(
      (session) => this.#beat(session),
      (error: unknown) => {
        if (error instanceof ConfigError) this.#options.onReplaced(error.problems.join('; '))
      },
    )
  }

  async #connectAgain(): Promise<MemberSession> {
    for (;;) {
      try {
        const session = await connect(this.#options, () => this.#reconnect())
        if (!this.#isClosed) return session
        await session.end()
      } catch (error) {
        if (error instanceof ConfigError) throw error
      }
      if (this.#isClosed) throw new Fault('relations_unavailable', 'the PDP is stopping')
      await pause(ATTEMPT_PAUSE_MS)
    }
  }
}

/** @param onLost - Called once, when the connection ends after it was made. */
async function connect(options: MemberOptions, onLost: () => void): Promise<MemberSession> {
  const client = new Client({
    ...clientConfig(options.url),
    application_name: nameOfProcess(),
    query_timeout: STATEMENT_MS,
  })
  const session = new MemberSession(client)
  let isReady = false
  // An error that ends the connection is followed by `end`.
  client.on('error', () => undefined)
  client.on('end', () => {
    session.isLost = true
    if (isReady) onLost()
  })
  try {
    await client.connect()
    await client.query(
      `SET search_path = ${SCHEMA}; SET idle_session_timeout = ${SILENT_MS}; SET statement_timeout = ${STATEMENT_MS}; SET jit = off`,
    )
    await takeOrigin(session, options.origin)
    await session.query(`SELECT pg_advisory_lock(${lockId('session', '$1')})`, [session.id])
    await options.onJoin(session)
  } catch (error) {
    await session.end()
    throw error instanceof ConfigError ? error : storeErrorOf(error)
  }
  if (session.isLost) throw new Fault('relations_unavailable', 'PDP_STORE_URL: the connection for locks was lost')
  isReady = true
  return session
}

/** Host and process, for whoever looks at PostgreSQL's list of connections, and for the message of a PDP that is refused. */
function nameOfProcess(): string {
  return Buffer.from(`mandate-pdp ${hostname()} pid ${process.pid}`).subarray(0, NAME_BYTES).toString('utf8')
}

async function takeOrigin(session: MemberSession, origin: string): Promise<void> {
  const until = performance.now() + ORIGIN_WAIT_MS
  for (;;) {
    const [row] = await session.query(`SELECT pg_try_advisory_lock(${lockId('origin', '$1')}) AS got`, [origin])
    if (row?.['got'] === true) return
    if (performance.now() >= until) throw await originTaken(session, origin)
    await pause(ATTEMPT_PAUSE_MS)
  }
}

async function originTaken(session: MemberSession, origin: string): Promise<ConfigError> {
  const [holder] = await session.query(
    `SELECT a.application_name AS name, host(a.client_addr) AS address, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
     FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (l.classid::bigint << 32) | l.objid::bigint = ${lockId('origin', '$1')}`,
    [origin],
  )
  const who = holder
    ? ` (${holder['name']}, connected from ${holder['address'] ?? 'a local socket'} since ${holder['since']})`
    : ''
  return new ConfigError([
    `PDP_LOG_ORIGIN: another PDP of this database has the log origin ${origin}${who}. Give each PDP an origin and a data folder of its own, or stop the other one`,
  ])
}

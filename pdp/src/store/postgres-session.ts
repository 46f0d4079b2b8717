/**
 * Sessions on the PDP's PostgreSQL database: their settings, and what their errors mean.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { Fault } from '@mandate/protocol'
import {
  Client,
  type ClientBase,
  type ClientConfig,
  DatabaseError,
  type QueryConfig,
  type QueryResult,
  types,
} from 'pg'
import { type UrlSource, urlOf } from '../runtime/postgres-pool.ts'
import type { Row, SqlValue } from './sql.ts'

/** Schema of the PDP's tables. OpenFGA and the index of the decision log may be in the same database. */
export const SCHEMA = 'mandate_pdp'
/** Longest wait for a connection, in milliseconds. */
const CONNECT_MS = 3_000
/** Longest time of a statement, in milliseconds, its wait for locks included. */
const STATEMENT_MS = 5_000
/** Longest pause between two statements of a transaction, in milliseconds: bounds how long a paused PDP stops the writes of the others. */
const IDLE_IN_TRANSACTION_MS = 2_000
/** For a server that does not answer at all; longer than the server's own limits. */
const NO_ANSWER_MS = STATEMENT_MS + 1_000
/** Type OID of `bigint`, parsed as a number: values here stay below 2^53. */
const BIGINT = 20

/** Settings of a connection. `url` is `postgres://…`, with `sslmode` where required. */
export const clientConfig = (url: UrlSource): ClientConfig => ({
  connectionString: urlOf(url),
  application_name: 'mandate-pdp',
  connectionTimeoutMillis: CONNECT_MS,
  query_timeout: NO_ANSWER_MS,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  types: { getTypeParser: (type, format) => (type === BIGINT ? Number : types.getTypeParser(type, format)) },
})

/** Host, port and database of a URL, as pg completes them from the user name and from `PGHOST`, `PGPORT`, `PGDATABASE`. Without credentials. */
export function databasePlace(url: string): string {
  const { host, port, database = '' } = new Client(clientConfig(url))
  return `${host}:${port}/${database}`
}

/**
 * Prepares a new connection. `synchronous_commit` keeps the value that the connection began with, so that reloading the server's configuration cannot
 * turn it off for a running PDP.
 *
 * @throws Fault `relations_unavailable` when the server is a standby, or does not make commits durable.
 */
export async function prepareSession(client: ClientBase): Promise<void> {
  await client.query(
    `SET search_path = ${SCHEMA}; SET statement_timeout = ${STATEMENT_MS}; SET jit = off;
     SET idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`,
  )
  const { rows } = await client.query<{ commits: string; readonly: string }>(
    `SELECT set_config('synchronous_commit', current_setting('synchronous_commit'), false) AS commits,
       current_setting('transaction_read_only') AS readonly`,
  )
  const [settings] = rows
  if (settings?.readonly !== 'off') throw unavailable('it is read-only, as a standby is')
  if (!isDurable(settings.commits)) throw unavailable(`synchronous_commit is ${settings.commits}`)
}

/** Whether a commit that returned survives a failover. `local` and `remote_write` do not wait until a synchronous standby has stored it. */
export const isDurable = (synchronousCommit: string): boolean => ['on', 'remote_apply'].includes(synchronousCommit)

/**
 * Runs work on a connection of its own, without a limit on the time of a statement: for maintenance.
 *
 * @throws Whatever `work` and the connection throw; see {@link storeErrorOf}.
 */
export async function withMaintenanceClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ ...clientConfig(url), query_timeout: 0 })
  // Without a listener a broken connection would end the process; its next query rejects anyway.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** A connection in use. Statements run in the order of the calls. */
export class Session {
  readonly #client: ClientBase
  /** Settles after the last statement. Never rejects. */
  #last: Promise<unknown> = Promise.resolve()
  /** Whether the connection is lost, or did not answer in time: it must not be used again. */
  isBroken = false

  constructor(client: ClientBase) {
    this.#client = client
  }

  async rows(sql: string, values: readonly SqlValue[]): Promise<readonly Row[]> {
    return (await this.#inOrder({ name: nameOf(sql), text: sql, values: [...values] })).rows
  }

  async change(sql: string, values: readonly SqlValue[]): Promise<number> {
    return (await this.#inOrder({ name: nameOf(sql), text: sql, values: [...values] })).rowCount ?? 0
  }

  /** Runs statements without parameters, in one round trip. @returns The command of a single statement, such as `COMMIT`. */
  async exec(text: string): Promise<string | undefined> {
    return (await this.#inOrder({ text })).command
  }

  #inOrder(query: QueryConfig<SqlValue[]>): Promise<QueryResult<Row>> {
    const answer = this.#last
      .then(() => this.#client.query<Row>(query))
      .catch((error: unknown) => {
        if (isLost(error)) this.isBroken = true
        throw storeErrorOf(error)
      })
    this.#last = answer.catch(() => undefined)
    return answer
  }
}

/** Names of prepared statements, by text. A connection prepares each once. */
const names = new Map<string, string>()

function nameOf(sql: string): string {
  const known = names.get(sql) ?? createHash('sha256').update(sql).digest('base64url').slice(0, 32)
  names.set(sql, known)
  return known
}

/** SQLSTATE classes and codes for a database that cannot be used now: connection, resources, operator, system, lock and statement timeouts. */
const UNAVAILABLE = /^(08|53|57|58|F0|XX)|^(25P03|25006|26000|28000|28P01|3D000|40001|40P01|42501|55P03)$/u

/** SQLSTATE after a change of a table: the statement was prepared for the columns that the table had before. */
const STALE_PLAN = '0A000'

/** Errors after which the connection is of no use: a session that is over, a statement to prepare again, a server that has become a standby. */
const isLost = (error: unknown): boolean =>
  !(error instanceof DatabaseError) || error.severity !== 'ERROR' || /^(0A000|26000|25006)$/u.test(error.code ?? '')

const isUnavailable = (state: string): boolean => UNAVAILABLE.test(state) || state === STALE_PLAN

/** Whether a statement failed only because it had been prepared for the columns that a table had before. */
export const isStalePlan = (error: unknown): boolean => error instanceof Fault && sqlStateOf(error.cause) === STALE_PLAN

/** The SQLSTATE of an error that the server sent; `undefined` for other errors. */
export const sqlStateOf = (error: unknown): string | undefined =>
  error instanceof DatabaseError ? error.code : undefined

/**
 * Converts an error of pg: where it says that the database cannot be used now, it becomes Fault `relations_unavailable`. An error in a statement or
 * its values stays as it is.
 */
export function storeErrorOf(error: unknown): unknown {
  if (error instanceof Fault || error instanceof TypeError || !(error instanceof Error)) return error
  const state = sqlStateOf(error)
  if (state !== undefined && !isUnavailable(state)) return error
  return unavailable(state === undefined ? connectionProblem(error) : `${state} ${error.message}`, error)
}

/** An error of the connection. Node's error for a name with several addresses has a code and no message. */
function connectionProblem(error: Error): string {
  const code = 'code' in error ? String(error.code) : ''
  const message = error.message || code
  return code === 'ECONNREFUSED' ? `${message}: is PostgreSQL running, are host and port right?` : message
}

const unavailable = (what: string, cause?: unknown): Fault =>
  new Fault('relations_unavailable', `PDP_STORE_URL: the database cannot be used: ${what}`, {
    detail: 'The database of the PDP does not answer.',
    ...(cause === undefined ? {} : { cause }),
  })

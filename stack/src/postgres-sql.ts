/**
 * SQL on PostgreSQL from outside of a service.
 *
 * @module
 */
import pg from 'pg'
import { StartError } from './errors.ts'

const LIMIT_MS = 20_000

/** Runs statements in one session. */
export type Session = (sql: string) => Promise<string>

/**
 * Opens a session on the database of a URL, for as long as `work` takes. Results are plain text, one line per row, columns separated by `|`; `NULL`
 * is empty.
 *
 * @throws StartError with the server's message.
 */
export async function withSession<T>(url: string, work: (ask: Session) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: LIMIT_MS, query_timeout: LIMIT_MS })
  // Without a listener, a connection that breaks between statements ends this process.
  client.on('error', () => undefined)
  try {
    await rejectWithStartError(client.connect())
    return await work((sql) => rejectWithStartError(ask(client, sql)))
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Runs statements, separated by `;`, in a session of their own. */
export function runSql(url: string, sql: string): Promise<string> {
  return withSession(url, (ask) => ask(sql))
}

/** PostgreSQL's own text of each value. */
const AS_TEXT = { getTypeParser: () => (value: unknown) => value }

async function ask(client: pg.Client, text: string): Promise<string> {
  const result: Result | readonly Result[] = await client.query({ text, rowMode: 'array', types: AS_TEXT })
  // Several statements have a result each.
  const rows = [result].flat().flatMap((one) => one.rows)
  return rows.map((row) => row.map((value) => value ?? '').join('|')).join('\n')
}

type Result = pg.QueryArrayResult<unknown[]>

async function rejectWithStartError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw new StartError(`PostgreSQL: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/**
 * Brings a PostgreSQL database to the schema of this release, and refuses one that this release cannot use.
 *
 * @module
 */
import { ConfigError } from '@mandate/service'
import type { ClientBase } from 'pg'
import { MIGRATIONS, type Migration } from './postgres-schema.ts'
import { isDurable, SCHEMA, sqlStateOf, storeErrorOf, withMaintenanceClient } from './postgres-session.ts'
import { requireNoOlderPdp } from './releases.ts'

/** Key of the advisory lock under which one PDP migrates while the others wait. */
const MIGRATION_LOCK = 0x6d_70_64_6d
/** Oldest PostgreSQL that is supported, as `server_version_num` counts. */
const OLDEST_SERVER = 140_000

/** Versions of a schema: how many migrations it has. */
export interface Migrated {
  /** Before; 0 for an empty database. */
  readonly from: number
  /** Now: higher than this release's where a newer release migrated it. */
  readonly to: number
}

/**
 * Checks the server, and runs the missing migrations in one transaction. Releases of two successive versions may call it at the same time.
 *
 * @param migrations - Only for tests: those of another release.
 * @throws ConfigError when this release cannot use the database; Fault `relations_unavailable` when it does not answer.
 */
export async function prepareDatabase(url: string, migrations: readonly Migration[] = MIGRATIONS): Promise<Migrated> {
  try {
    return await withMaintenanceClient(url, async (client) => {
      await checkServer(client)
      const migrated = await migrate(client, migrations)
      await checkOwner(client)
      return migrated
    })
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const problem = problemOf(error, url)
    throw problem === undefined ? storeErrorOf(error) : refuse(problem)
  }
}

const refuse = (problem: string): ConfigError => new ConfigError([`PDP_STORE_URL: ${problem}`])

async function checkServer(client: ClientBase): Promise<void> {
  const { rows } = await client.query<Record<'version' | 'encoding' | 'commits', string> & { readonly number: number }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::integer AS number,
       current_setting('server_encoding') AS encoding, current_setting('synchronous_commit') AS commits`,
  )
  const { version = '', number = 0, encoding = '', commits = '' } = rows[0] ?? {}
  if (number < OLDEST_SERVER) throw refuse(`PostgreSQL ${version} is too old: upgrade the server to 14 or newer`)
  if (encoding !== 'UTF8')
    throw refuse(`the database has the encoding ${encoding}: create it with ENCODING 'UTF8' TEMPLATE template0`)
  if (!isDurable(commits))
    throw refuse(
      `synchronous_commit is ${commits}, so a crash could lose what the PDP has answered: set it to on for this database or role`,
    )
}

async function migrate(client: ClientBase, migrations: readonly Migration[]): Promise<Migrated> {
  await client.query('BEGIN')
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
  const { version: from, oldest } = await versionOf(client)
  if (migrations.length < oldest)
    throw refuse(
      `a newer release has migrated the database to version ${from}, and this release knows ${migrations.length}: start the newer release`,
    )
  if (from < migrations.length) {
    await requireNoOlderPdp(client, SCHEMA, Math.max(...migrations.slice(from).map((next) => next.oldest)))
    await client.query(`SET LOCAL search_path = ${SCHEMA}`)
  }
  for (const [index, { sql, oldest: usableBy }] of migrations.entries()) {
    if (index < from) continue
    await client.query(sql)
    await client.query('INSERT INTO schema_versions (version, oldest) VALUES ($1, $2)', [index + 1, usableBy])
  }
  await client.query('COMMIT')
  return { from, to: Math.max(from, migrations.length) }
}

/** Reads the version of the schema, and the oldest version whose release may use it. Creates the schema when there is none. */
async function versionOf(client: ClientBase): Promise<{ readonly version: number; readonly oldest: number }> {
  const { rows: found } = await client.query(
    "SELECT to_regnamespace($1) IS NOT NULL AS schema, to_regclass($1 || '.schema_versions') IS NOT NULL AS versions",
    [SCHEMA],
  )
  if (!found[0]?.schema) await client.query(`CREATE SCHEMA ${SCHEMA}`)
  if (!found[0]?.versions)
    await client.query(
      `CREATE TABLE ${SCHEMA}.schema_versions (
         version integer PRIMARY KEY, oldest integer NOT NULL, migrated_at timestamptz NOT NULL DEFAULT now()
       )`,
    )
  const { rows } = await client.query<{ version: number; oldest: number }>(
    `SELECT coalesce(max(version), 0) AS version, coalesce(max(oldest), 0) AS oldest FROM ${SCHEMA}.schema_versions`,
  )
  return rows[0] ?? { version: 0, oldest: 0 }
}

/** Only the owner of a table may vacuum it, which an erasure needs. */
async function checkOwner(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; owner: string }>(
    `SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind = 'r' AND NOT pg_has_role(c.relowner, 'USAGE') LIMIT 1`,
    [SCHEMA],
  )
  const [table] = rows
  if (table)
    throw refuse(
      `the table ${SCHEMA}.${table.name} belongs to ${table.owner}: connect as ${table.owner}, or as a member of that role`,
    )
}

/** What an operator has to change; `undefined` when the database may answer later. */
function problemOf(error: unknown, url: string): string | undefined {
  const { hostname, pathname, username } = new URL(url)
  const user = decodeURIComponent(username)
  const database = decodeURIComponent(pathname.slice(1))
  const code = sqlStateOf(error) ?? codeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  if (code === '28P01') return `the server refuses the password of ${user}: correct it`
  if (code === '28000') return `the server refuses ${user}: ${message}`
  if (code === '3D000') return `there is no database ${database} on ${hostname}: create it, or correct the name`
  if (code === '42501')
    return `${user} lacks a right (${message}): grant it: GRANT CREATE ON DATABASE "${database}" TO "${user}"; or connect as the owner of the schema ${SCHEMA}`
  if (code === 'ENOTFOUND') return `there is no host ${hostname}: correct the name`
  if (code === 'ENOENT') return `a certificate file cannot be read: ${message}`
  if (/SSL|TLS|CERT|certificate/u.test(`${code} ${message}`) && !/terminated/u.test(message))
    return `no TLS connection to ${hostname}: ${message}`
  return undefined
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/**
 * Which releases the PDPs of one PostgreSQL database run. Owns the table `pdps`. A release works beside the one before it and the one after it, and
 * refuses others: what those write may not be understood.
 *
 * @module
 */
import { hostname } from 'node:os'
import { ConfigError } from '@mandate/service'
import type { ClientBase } from 'pg'
import packageJson from '../../package.json' with { type: 'json' }
import { lockId } from './advisory-lock.ts'
import type { MemberSession } from './postgres-member.ts'
import { MIGRATIONS } from './postgres-schema.ts'
import { type Database, firstRow, type Queries, text } from './sql.ts'

/** What a PDP registers of itself. */
export interface Release {
  readonly version: string
  /** Version of the schema that it was made for. */
  readonly schema: number
}

export const THIS_RELEASE: Release = { version: packageJson.version, schema: MIGRATIONS.length }

/** Key of the advisory lock under which one PDP registers while the others wait. */
const REGISTERING = 0x6d_70_64_72
const isRunning = `NOT pg_try_advisory_xact_lock_shared(${lockId('origin', 'origin')})`

/**
 * Registers this PDP and its release.
 *
 * @throws ConfigError when another PDP runs, or has run, a release that does not fit.
 */
export async function registerRelease(
  session: MemberSession,
  origin: string,
  release: Release = THIS_RELEASE,
): Promise<void> {
  await session.query('BEGIN')
  await session.query('SELECT pg_advisory_xact_lock($1)', [REGISTERING])
  const others = await session.query(
    `SELECT origin, release, host, ${isRunning} AS is_running FROM pdps WHERE origin <> $1 ORDER BY origin`,
    [origin],
  )
  for (const { origin: other, release: version, host, is_running } of others) {
    const step = stepsBetween(release.version, String(version))
    if (Math.abs(step) <= 1 || (!is_running && step < 0)) continue
    const who = `the PDP ${other} on ${host} ${is_running ? 'runs' : 'has run'} release ${version}, and this is release ${release.version}`
    const cure = step > 0 ? 'start a newer release' : 'update that PDP first, or stop it'
    throw new ConfigError([`PDP_STORE_URL: ${who}; a release works beside the one before and after it only: ${cure}`])
  }
  await session.query(
    `INSERT INTO pdps (origin, release, schema_version, host) VALUES ($1, $2, $3, $4)
     ON CONFLICT (origin) DO UPDATE SET release = excluded.release, schema_version = excluded.schema_version, host = excluded.host`,
    [origin, release.version, release.schema, hostname()],
  )
  await session.query('COMMIT')
}

/** The log origin of another running PDP of the database. */
export async function runningBeside(
  database: Pick<Database, 'transaction'>,
  origin: string,
): Promise<string | undefined> {
  const find = `SELECT origin FROM pdps WHERE origin <> $1 AND ${isRunning} ORDER BY origin LIMIT 1`
  const other = await database.transaction((sql) => firstRow(sql, find, origin))
  return other && text(other['origin'])
}

/** Lets other PDPs know which vault keys this one has, while the session lasts. @param ids - Of the keys. */
export async function announceVaultKeys(session: MemberSession, origin: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) await session.query(`SELECT pg_advisory_lock(${lockId('vaultKey', '$1')})`, [`${origin} ${id}`])
}

/** The log origin of another running PDP of the database that does not have a vault key. A PDP of an older release counts as one. */
export async function runningWithoutVaultKey(
  database: Pick<Database, 'transaction'>,
  origin: string,
  keyId: string,
): Promise<string | undefined> {
  const lacksKey = `pg_try_advisory_xact_lock_shared(${lockId('vaultKey', "origin || ' ' || $2")})`
  const find = `SELECT origin FROM pdps WHERE origin <> $1 AND ${isRunning} AND ${lacksKey} ORDER BY origin LIMIT 1`
  const other = await database.transaction((sql) => firstRow(sql, find, origin, keyId))
  return other && text(other['origin'])
}

/** Notes that this PDP has not opened a relationship store since its start. */
export async function forgetRelationshipStore(database: Pick<Queries, 'change'>, origin: string): Promise<void> {
  await database.change('UPDATE pdps SET relationship_store = NULL WHERE origin = $1', origin)
}

/**
 * Notes which relationship store this PDP uses. PDPs of one database that use two do not see each other's changes of tuples.
 *
 * @param store - Its id at its server.
 * @throws ConfigError when another running PDP of the database uses another one.
 */
export async function requireSameRelationshipStore(
  database: Pick<Database, 'transaction'>,
  origin: string,
  store: string,
): Promise<void> {
  // Transactions run one at a time on all PDPs: of two that start with different stores one sees the other.
  await database.transaction(async (sql) => {
    await sql.change('UPDATE pdps SET relationship_store = $1 WHERE origin = $2', store, origin)
    const other = await firstRow(
      sql,
      `SELECT origin, host, relationship_store FROM pdps WHERE origin <> $1 AND relationship_store <> $2 AND ${isRunning}
       ORDER BY origin LIMIT 1`,
      ...[origin, store],
    )
    if (!other) return
    const theirs = `the PDP ${other['origin']} on ${other['host']}, which runs on the same database, uses the store ${other['relationship_store']}`
    throw new ConfigError([
      `OPENFGA_STORE: the store here has the id ${store}, and ${theirs}: give all PDPs of one PDP_STORE_URL the same OPENFGA_URL and OPENFGA_STORE; to change them, stop all PDPs first`,
    ])
  })
}

/**
 * Rejects when a running PDP cannot use the schema after a migration. Within the transaction that migrates.
 *
 * @param oldest - Version of the oldest schema whose release can.
 * @throws ConfigError
 */
export async function requireNoOlderPdp(client: ClientBase, schema: string, oldest: number): Promise<void> {
  const { rows: found } = await client.query("SELECT to_regclass($1 || '.pdps') IS NOT NULL AS yes", [schema])
  if (!found[0]?.yes) return
  const { rows } = await client.query(
    // allowed: sql: the schema is a constant of the caller.
    `SELECT origin, release, host FROM ${schema}.pdps WHERE schema_version < $1 AND ${isRunning} ORDER BY origin LIMIT 1`,
    [oldest],
  )
  const [other] = rows
  if (other)
    throw new ConfigError([
      `PDP_STORE_URL: the PDP ${other.origin} on ${other.host} runs release ${other.release}, which cannot use the database after the migration of this release: update it to the release before this one, or stop it`,
    ])
}

/**
 * Number of releases from one version to another: 1 for the next one. Minor versions of one major version are counted; a major version's first release
 * follows any of the major version before.
 */
export function stepsBetween(from: string, to: string): number {
  const [fromMajor = 0, fromMinor = 0] = from.split('.').map(Number)
  const [toMajor = 0, toMinor = 0] = to.split('.').map(Number)
  if (fromMajor === toMajor) return toMinor - fromMinor
  const isNext = Math.abs(toMajor - fromMajor) === 1 && (toMajor > fromMajor ? toMinor : fromMinor) === 0
  return Math.sign(toMajor - fromMajor) * (isNext ? 1 : 2)
}

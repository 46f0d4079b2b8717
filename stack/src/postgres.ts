/**
 * Starts a temporary PostgreSQL cluster for tests and benchmarks. PostgreSQL refuses to run as root: for root (a container, CI) it runs as the system
 * user `postgres`.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FindOptions } from './fetch-piece.ts'
import { findPostgres } from './find-postgres.ts'
import { freePort, LOOPBACK } from './net.ts'
import { type Cluster, giveTo, makeFolder, placePrograms, serve, unprivileged } from './postgres-cluster.ts'
import { runSql } from './postgres-sql.ts'
import { type Standby, startStandbyOf } from './postgres-standby.ts'
import { runCommand } from './run-command.ts'

/** Options of {@link startPostgres}. */
export interface PostgresOptions extends FindOptions {
  /** @default a free port */
  readonly port?: number
  /** PostgreSQL settings by name. @default `fsync` off, since the cluster is temporary */
  readonly settings?: Readonly<Record<string, string>>
}

/** A running cluster with one role and one empty database, `mandate`. */
export interface Postgres {
  /** `postgres://mandate:password@127.0.0.1:port/mandate?sslmode=disable` */
  readonly url: string
  /** Creates another empty database and resolves to its URL. Names are `[a-z_]+`. */
  createDatabase(name: string): Promise<string>
  /** Runs one statement on the database of a url; its result as plain text, columns separated by `|`. */
  query(url: string, sql: string): Promise<string>
  /** Process id of the postmaster. Changes with `restart`. */
  readonly pid: () => number
  /** Resolves when the current process has ended, with its exit code or signal. */
  readonly ended: () => Promise<string>
  /** Fast shutdown, then its folder is removed. */
  stop(): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
  restart(): Promise<void>
  /** Starts another cluster that receives every commit of this one, without making it wait. */
  startStandby(): Promise<Standby>
}

/** Starts a cluster. @throws MissingToolError when PostgreSQL is not installed. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const { port, settings = { fsync: 'off' }, ...find } = options
  const cluster = await initCluster(port ?? (await freePort()), settings, await findPostgres(find))
  let running = await serve(cluster)
  const createDatabase = (name: string): Promise<string> => createPostgresDatabase(cluster.urlOf('postgres'), name)
  return {
    url: await createDatabase('mandate'),
    createDatabase,
    query: runSql,
    pid: () => running.pid,
    ended: () => running.exited,
    stop: async () => {
      await running.stop()
      await rm(cluster.folder, { recursive: true, force: true })
    },
    kill: (signal) => running.kill(signal),
    restart: async () => {
      await running.stop()
      running = await serve(cluster)
    },
    startStandby: () => startStandbyOf(cluster),
  }
}

/**
 * Creates an empty database on a running server.
 *
 * @param server - URL of any database of the server, with a role that may create databases.
 * @param name - Lower-case letters and underscores.
 * @returns The URL of the new database.
 */
export async function createPostgresDatabase(server: string, name: string): Promise<string> {
  if (!/^[a-z_]+$/.test(name)) throw new TypeError('name: lower-case letters and underscores only')
  await runSql(server, `CREATE DATABASE ${name}`)
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
  await preferCustomPlans(url)
  return url
}

/**
 * Makes later connections to this database use custom plans for prepared statements. With a generic plan, OpenFGA's reads by user scan the table
 * (measured: 74 ms instead of 10 ms).
 */
export async function preferCustomPlans(url: string): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1))
  await runSql(url, `ALTER DATABASE "${name.replaceAll('"', '""')}" SET plan_cache_mode = force_custom_plan`)
}

async function initCluster(port: number, settings: Readonly<Record<string, string>>, found: string): Promise<Cluster> {
  const owner = await unprivileged()
  const folder = await makeFolder(owner)
  const binaries = await placePrograms(found, folder, owner)
  const password = randomBytes(24).toString('base64url')
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, password, { mode: 0o600 })
  await giveTo(owner, passwordFile)
  const flags = [
    '--username=mandate',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--no-sync',
  ]
  await runCommand(join(binaries, 'initdb'), [`--pgdata=${join(folder, 'data')}`, '--locale=C', ...flags], {
    ...owner,
    cwd: folder,
  })
  await rm(passwordFile)
  const urlOf = (database: string): string =>
    `postgres://mandate:${password}@${LOOPBACK}:${port}/${database}?sslmode=disable`
  return { binaries, folder, port, settings, owner, urlOf }
}

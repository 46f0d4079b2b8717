/**
 * Starts a temporary PostgreSQL cluster for tests and benchmarks. PostgreSQL refuses to run as root: for root (a container, CI) it runs as the system
 * user `postgres`.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { MissingToolError } from './errors.ts'
import { freePort, LOOPBACK } from './net.ts'
import { startProcess } from './process.ts'
import { type CommandOptions, runCommand, tryCommand } from './run-command.ts'

/** Options of {@link startPostgres}. */
export interface PostgresOptions {
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
  /** Fast shutdown, then its folder is removed. */
  stop(): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
  restart(): Promise<void>
  /** Starts another cluster that receives every commit of this one, without making it wait. */
  startStandby(): Promise<Standby>
}

/** A streaming standby. Its database `mandate` has the primary's roles and passwords. */
export interface Standby extends Pick<Postgres, 'url' | 'query' | 'stop'> {
  /** Receives nothing that the primary commits from now on. */
  detach(): Promise<void>
  /** Makes it a primary. */
  promote(): Promise<void>
}

/** Starts a cluster. @throws MissingToolError when PostgreSQL is not installed. */
export async function startPostgres({ port, settings = { fsync: 'off' } }: PostgresOptions = {}): Promise<Postgres> {
  const cluster = await initCluster(port ?? (await freePort()), settings)
  let running = await serve(cluster)
  const createDatabase = (name: string): Promise<string> => createPostgresDatabase(cluster.urlOf('postgres'), name)
  return {
    url: await createDatabase('mandate'),
    createDatabase,
    query: async (url, sql) => (await runSql(url, sql)).trimEnd(),
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

async function startStandbyOf(primary: Cluster): Promise<Standby> {
  const cluster = await copyCluster(primary)
  const running = await serve(cluster)
  const ask = (sql: string): Promise<string> => runSql(cluster.urlOf('postgres'), sql)
  const until = async (sql: string): Promise<void> => {
    while ((await ask(sql)).trim() !== 't') await delay(20)
  }
  return {
    url: cluster.urlOf('mandate'),
    query: async (url, sql) => (await runSql(url, sql)).trimEnd(),
    detach: async () => {
      const written = (await runSql(primary.urlOf('postgres'), 'SELECT pg_current_wal_lsn()')).trim()
      await until(`SELECT pg_last_wal_replay_lsn() >= '${written}'`)
      await ask("ALTER SYSTEM SET primary_conninfo = ''")
      await ask('SELECT pg_reload_conf()')
      await until('SELECT count(*) = 0 FROM pg_stat_wal_receiver')
    },
    promote: () => until('SELECT pg_promote()'),
    stop: async () => {
      await running.stop()
      await rm(cluster.folder, { recursive: true, force: true })
    },
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

interface Cluster {
  readonly binaries: string
  readonly folder: string
  readonly port: number
  readonly settings: Readonly<Record<string, string>>
  readonly owner: Pick<CommandOptions, 'uid' | 'gid'>
  urlOf(database: string): string
}

async function initCluster(port: number, settings: Readonly<Record<string, string>>): Promise<Cluster> {
  const binaries = await findPostgres()
  const owner = await unprivileged()
  const folder = await makeFolder(owner)
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

/** Copies a running cluster, as a standby of it. */
async function copyCluster(primary: Cluster): Promise<Cluster> {
  const { binaries, owner, urlOf } = primary
  const port = await freePort()
  const folder = await makeFolder(owner)
  const flags = ['--write-recovery-conf', '--checkpoint=fast', '--no-sync']
  const { env } = psqlOptions(urlOf('postgres'), binaries)
  await runCommand(join(binaries, 'pg_basebackup'), [`--pgdata=${join(folder, 'data')}`, ...flags], {
    ...owner,
    cwd: folder,
    ...(env && { env }),
  })
  return { ...primary, folder, port, urlOf: (database) => Object.assign(new URL(urlOf(database)), { port }).href }
}

/** A temporary folder of the user that PostgreSQL runs as, with an empty folder `data`. */
async function makeFolder(owner: Cluster['owner']): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mandate-postgres-'))
  await mkdir(join(folder, 'data'), { mode: 0o700 })
  await giveTo(owner, folder, join(folder, 'data'))
  await chmod(folder, 0o700)
  return folder
}

async function giveTo({ uid, gid }: Cluster['owner'], ...paths: readonly string[]): Promise<void> {
  if (uid === undefined || gid === undefined) return
  for (const path of paths) await chown(path, uid, gid)
}

function serve({ binaries, folder, port, settings, owner, urlOf }: Cluster): ReturnType<typeof startProcess> {
  const all = { listen_addresses: LOOPBACK, port: String(port), unix_socket_directories: folder, ...settings }
  return startProcess({
    name: 'PostgreSQL',
    command: join(binaries, 'postgres'),
    args: ['-D', join(folder, 'data'), ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: folder,
    ready: async () => (await tryCommand('psql', ['-c', 'SELECT 1'], psqlOptions(urlOf('postgres'), binaries))).ok,
    readyTimeoutMs: 60_000,
    logFile: join(folder, 'postgres.log'),
    stopSignal: 'SIGINT', // fast shutdown; SIGTERM would wait for all clients to disconnect
    ...owner,
  })
}

async function runSql(url: string, sql: string): Promise<string> {
  return runCommand('psql', ['-v', 'ON_ERROR_STOP=1', '-qtAc', sql], psqlOptions(url, await findPostgres()))
}

/** Passes the password in the environment: other users can read command line arguments. */
function psqlOptions(url: string, binaries: string): CommandOptions {
  const { username, password, hostname, port, pathname } = new URL(url)
  return {
    env: {
      PATH: `${binaries}:${process.env['PATH'] ?? ''}`,
      PGUSER: decodeURIComponent(username),
      PGPASSWORD: decodeURIComponent(password),
      PGHOST: hostname,
      PGPORT: port || '5432',
      PGDATABASE: decodeURIComponent(pathname.slice(1)),
    },
    timeoutMs: 20_000,
  }
}

/** Finds the folder of the server programs. On Debian they are not on PATH, but in one folder per version. */
async function findPostgres(): Promise<string> {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian) : []
  for (const version of versions.toSorted((a, b) => Number(b) - Number(a))) {
    const folder = join(debian, version, 'bin')
    if (existsSync(join(folder, 'initdb'))) return folder
  }
  const configured = await tryCommand('pg_config', ['--bindir'])
  const folder = configured.stdout.trim()
  if (configured.ok && existsSync(join(folder, 'initdb'))) return folder
  throw new MissingToolError(
    'PostgreSQL is not installed. Debian: sudo apt-get install postgresql; macOS: brew install postgresql',
  )
}

async function unprivileged(): Promise<Pick<CommandOptions, 'uid' | 'gid'>> {
  if (process.getuid?.() !== 0) return {}
  for (const user of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => tryCommand('id', [flag, user])))
    if (uid?.ok && gid?.ok) return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  }
  throw new MissingToolError('PostgreSQL does not run as root, and there is no user "postgres" to run it as')
}

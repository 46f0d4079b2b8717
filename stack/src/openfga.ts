/**
 * Starts an OpenFGA server for the demo and the tests: on loopback, with a preshared key, without playground and without caches, so that a revoked grant
 * has no effect on the next check.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StartError } from './errors.ts'
import { findOpenFga } from './find-openfga.ts'
import { freePort, LOOPBACK } from './net.ts'
import { preferCustomPlans } from './postgres.ts'
import { type RunningProcess, startProcess } from './process.ts'
import { runCommand } from './run-command.ts'

/** Datastore of OpenFGA. */
export type OpenFgaEngine = 'memory' | 'sqlite' | 'postgres'

/** Options of {@link startOpenFga}. */
export interface OpenFgaOptions {
  /** @default 'memory' */
  readonly engine?: OpenFgaEngine
  /** Folder of the database file (sqlite) and the log. @default a temporary folder, removed by `stop` */
  readonly dataDir?: string
  /** `postgres://user:password@host:port/database`; required for the postgres engine, ignored by the others. */
  readonly postgresUrl?: string
  /** @default 32 random bytes */
  readonly apiToken?: string
  /** @default a free port */
  readonly httpPort?: number
  /** Path of the binary. @default the result of {@link findOpenFga} */
  readonly binary?: string
  /** When it has `OPENFGA_URL` and `OPENFGA_API_TOKEN`, that server is used and none is started. @default process.env */
  readonly env?: NodeJS.ProcessEnv
  /** Additional server settings, as OpenFGA's environment variables. */
  readonly settings?: Readonly<Record<string, string>>
  /** Aborts the start. */
  readonly signal?: AbortSignal
}

/** A running OpenFGA. */
export interface OpenFga {
  readonly url: string
  readonly apiToken: string
  readonly engine: OpenFgaEngine | 'external'
  /** Process id; `undefined` for an external server. Changes with `restart`. */
  readonly pid: () => number | undefined
  /** Resolves when the current process has ended, with its exit code or signal. Never resolves for an external server. */
  readonly ended: () => Promise<string>
  /** Stops the server and removes its temporary folder. Does nothing for an external server. */
  stop(): Promise<void>
  /** Sends a signal (SIGKILL by default, to simulate a crash) and keeps the folder. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Stops it when it runs, and starts it on the same port with the same data (the memory engine loses its data). */
  restart(): Promise<void>
  /** Updates SQLite's statistics; without them, reads by user scan the whole store. Call it after loading data. No-op for other engines. */
  analyze(): void
}

/**
 * Starts OpenFGA and waits until it is ready.
 *
 * @throws MissingToolError when there is no binary; {@link StartError} when it does not start.
 */
export async function startOpenFga(options: OpenFgaOptions = {}): Promise<OpenFga> {
  const external = externalOpenFga(options.env ?? process.env)
  if (external) return external
  const server = await prepare(options)
  if (server.engine !== 'memory') await migrate(server)
  let running = await serve(server)
  return {
    url: server.url,
    apiToken: server.apiToken,
    engine: server.engine,
    pid: () => running.pid,
    ended: () => running.exited,
    stop: async () => {
      await running.stop()
      if (server.temporary) rmSync(server.dataDir, { recursive: true, force: true })
    },
    kill: (signal) => running.kill(signal),
    restart: async () => {
      await running.stop()
      running = await serve(server)
    },
    analyze: () => {
      if (server.engine === 'sqlite') analyzeFile(sqliteFile(server.dataDir))
    },
  }
}

/** The external server of `OPENFGA_URL`; `undefined` when it is not set. It cannot be stopped or restarted. */
function externalOpenFga(env: NodeJS.ProcessEnv): OpenFga | undefined {
  const url = env['OPENFGA_URL']
  if (!url) return undefined
  const refuse = (): Promise<never> =>
    Promise.reject(new StartError('the server at OPENFGA_URL was not started by this process'))
  return {
    url,
    apiToken: env['OPENFGA_API_TOKEN'] ?? '',
    engine: 'external',
    pid: () => undefined,
    ended: () => new Promise(() => undefined),
    stop: () => Promise.resolve(),
    kill: refuse,
    restart: refuse,
    analyze: () => undefined,
  }
}

/** A configured server, before its start. */
interface Server {
  readonly binary: string
  readonly engine: OpenFgaEngine
  readonly dataDir: string
  readonly temporary: boolean
  readonly url: string
  readonly apiToken: string
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
}

async function prepare(options: OpenFgaOptions): Promise<Server> {
  const engine = options.engine ?? 'memory'
  const binary = options.binary ?? (await findOpenFga(options.signal ? { signal: options.signal } : {}))
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'mandate-openfga-'))
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const httpPort = options.httpPort ?? (await freePort())
  const apiToken = options.apiToken ?? randomBytes(32).toString('base64url')
  return {
    binary,
    engine,
    dataDir,
    temporary: options.dataDir === undefined,
    signal: options.signal,
    url: `http://${LOOPBACK}:${httpPort}`,
    apiToken,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: dataDir, // OpenFGA reads a configuration file from the home folder
      ...(await storeSettings(engine, dataDir, options.postgresUrl)),
      OPENFGA_HTTP_ADDR: `${LOOPBACK}:${httpPort}`,
      OPENFGA_GRPC_ADDR: `${LOOPBACK}:${await freePort()}`,
      OPENFGA_AUTHN_METHOD: 'preshared',
      OPENFGA_AUTHN_PRESHARED_KEYS: apiToken,
      OPENFGA_PLAYGROUND_ENABLED: 'false',
      OPENFGA_METRICS_ENABLED: 'false',
      OPENFGA_CHECK_QUERY_CACHE_ENABLED: 'false',
      OPENFGA_CHECK_ITERATOR_CACHE_ENABLED: 'false',
      OPENFGA_LIST_OBJECTS_ITERATOR_CACHE_ENABLED: 'false',
      // Required by the PDP's queries; it checks both settings at its start.
      OPENFGA_MAX_CONDITION_EVALUATION_COST: '1000',
      OPENFGA_RESOLVE_NODE_LIMIT: '50',
      OPENFGA_LOG_FORMAT: 'json',
      OPENFGA_LOG_LEVEL: 'warn',
      ...options.settings,
    },
  }
}

async function storeSettings(
  engine: OpenFgaEngine,
  dataDir: string,
  postgresUrl: string | undefined,
): Promise<Record<string, string>> {
  if (engine === 'memory') return { OPENFGA_DATASTORE_ENGINE: 'memory' }
  if (engine === 'sqlite') {
    closeSync(openSync(sqliteFile(dataDir), 'a', 0o600)) // OpenFGA would create it world-readable
    return { OPENFGA_DATASTORE_ENGINE: 'sqlite', OPENFGA_DATASTORE_URI: `file:${sqliteFile(dataDir)}` }
  }
  if (postgresUrl === undefined) throw new TypeError('postgresUrl: needed by the postgres engine')
  await preferCustomPlans(postgresUrl)
  return { OPENFGA_DATASTORE_ENGINE: 'postgres', OPENFGA_DATASTORE_URI: postgresUrl }
}

function serve(server: Server): Promise<RunningProcess> {
  return startProcess({
    name: 'OpenFGA',
    command: server.binary,
    args: ['run'],
    env: server.env,
    cwd: server.dataDir,
    ready: `${server.url}/healthz`,
    readyTimeoutMs: 30_000,
    logFile: join(server.dataDir, 'openfga.log'),
    ...(server.signal && { signal: server.signal }),
  })
}

async function migrate(server: Server): Promise<void> {
  await runCommand(server.binary, ['migrate'], { env: { ...server.env }, cwd: server.dataDir, timeoutMs: 60_000 })
}

function sqliteFile(dataDir: string): string {
  return join(dataDir, 'openfga.sqlite')
}

/**
 * Runs ANALYZE and removes the statistics of partial indexes: with them, the SQLite in OpenFGA fails every deletion of several tuples ("internal query
 * planner error"), so that nothing can be revoked.
 */
function analyzeFile(file: string): void {
  const database = new DatabaseSync(file, { timeout: 5_000 })
  try {
    database.exec(`BEGIN IMMEDIATE; ANALYZE;
      DELETE FROM sqlite_stat1 WHERE idx IN (SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %');
      COMMIT`)
  } finally {
    database.close()
  }
}

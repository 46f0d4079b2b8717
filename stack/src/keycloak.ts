/**
 * Starts a Keycloak with Mandate's realm, for the demo and the tests. Its database (an H2 file) and its log are in a state folder; the distribution is
 * shared and not modified.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type KeycloakAdmin, REALM_FILE, readClientSecrets } from '@mandate/keycloak'
import { joinUrl } from '@mandate/protocol'
import { z } from 'zod'
import { StartError } from './errors.ts'
import { privateFolder, readJson, writeAtomically } from './files.ts'
import { BUILD_FLAGS, findKeycloak, javaEnv, KEYCLOAK_VERSION, type KeycloakDistribution } from './find-keycloak.ts'
import { freePort, LOOPBACK } from './net.ts'
import { type RunningProcess, startProcess } from './process.ts'
import { type ConfidentialClient, clientSecretsOf, type Secrets } from './secrets.ts'

/** Options of {@link startKeycloak}. */
export interface KeycloakOptions {
  /** Folder of database and log. A database imported from another realm file, or with other secrets, is deleted. */
  readonly dataDir: string
  readonly secrets: Pick<Secrets, 'keycloakAdminPassword' | 'realm'>
  /**
   * Folder for a template database with the imported realm and no users: later starts copy it instead of importing again (for tests). It contains the
   * secrets.
   */
  readonly templateDir?: string
  /** HTTP port. Part of the issuer URL, and so of every token and every stored identity. @default a free port */
  readonly port?: number
  /** The PDP's back-channel logout endpoint, written into the realm at the import. @default on the PDP's default port */
  readonly logoutUrl?: string
  /** @default the result of {@link findKeycloak} */
  readonly distribution?: KeycloakDistribution
  /** When it has `KEYCLOAK_URL`, that server is used and none is started. @default process.env */
  readonly env?: NodeJS.ProcessEnv
  /** Called before steps that take long. */
  readonly onRemark?: (text: string) => void
  readonly signal?: AbortSignal
}

/** A running Keycloak. */
export interface Keycloak {
  /** Base URL, without `/realms/…`. */
  readonly url: string
  /** The `iss` claim of its tokens. */
  readonly issuer: string
  readonly admin: KeycloakAdmin
  readonly clientSecrets: Readonly<Record<ConfidentialClient, string>>
  readonly pid: () => number | undefined
  /** Resolves when the current process has ended, with its exit code or signal. Never resolves for an external server. */
  readonly ended: () => Promise<string>
  stop(): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Stops it when it runs, and starts it on the same port with the same data. */
  restart(): Promise<void>
}

/** Starts Keycloak. @throws MissingToolError when it cannot be installed; {@link StartError} when it does not start. */
export async function startKeycloak(options: KeycloakOptions): Promise<Keycloak> {
  const external = await externalKeycloak(options.env ?? process.env)
  if (external) return external
  const server = await prepare(options)
  let running = (await populate(server, options)) ?? (await serve(server))
  const { realm, keycloakAdminPassword: password } = options.secrets
  return {
    url: server.url,
    issuer: `${server.url}/realms/mandate`,
    admin: { url: server.url, username: ADMIN, password },
    clientSecrets: clientSecretsOf(realm),
    pid: () => running.pid,
    ended: () => running.exited,
    stop: () => running.stop(STOP_GRACE_MS),
    kill: (signal) => running.kill(signal),
    restart: async () => {
      await running.stop(STOP_GRACE_MS)
      running = await serve(server)
    },
  }
}

/** The external server of `KEYCLOAK_URL`, with the realm already imported; `undefined` when it is not set. It cannot be stopped or restarted. */
export async function externalKeycloak(env: NodeJS.ProcessEnv): Promise<Keycloak | undefined> {
  const { KEYCLOAK_URL: url, KEYCLOAK_ADMIN_USERNAME: username, KEYCLOAK_ADMIN_PASSWORD: password } = env
  if (!url) return undefined
  if (!(username && password)) {
    throw new StartError('KEYCLOAK_URL is set: set KEYCLOAK_ADMIN_USERNAME and KEYCLOAK_ADMIN_PASSWORD as well')
  }
  const admin = { url: joinUrl(url, ''), username, password }
  const refuse = (): Promise<never> =>
    Promise.reject(new StartError('the server at KEYCLOAK_URL was not started by this process'))
  return {
    url: admin.url,
    issuer: await issuerAt(admin.url),
    admin,
    clientSecrets: await readClientSecrets(admin, ['pdp', 'auditor', 'console', 'trips', 'care', 'booking-agent']),
    pid: () => undefined,
    ended: () => new Promise(() => undefined),
    stop: () => Promise.resolve(),
    kill: refuse,
    restart: refuse,
  }
}

/** Reads the issuer from the realm's metadata: it can differ from the URL that the server is reached by. */
async function issuerAt(url: string): Promise<string> {
  const address = `${url}/realms/mandate/.well-known/openid-configuration`
  const response = await fetch(address, { signal: AbortSignal.timeout(30_000) }).catch(() => undefined)
  const metadata = z.object({ issuer: z.string() }).safeParse(response?.ok ? await response.json() : undefined)
  if (metadata.success) return metadata.data.issuer
  throw new StartError(`KEYCLOAK_URL: ${address} does not answer with the metadata of the realm`)
}

const ADMIN = 'admin'
const STOP_GRACE_MS = 15_000

/** Tuned for a fast start and little memory. Replaces Keycloak's default options completely: they choose another garbage collector, which conflicts. */
const JAVA_OPTS = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xms64m',
  '-Xmx512m',
  '-XX:MetaspaceSize=96M',
  '-XX:MaxMetaspaceSize=256m',
  '-XX:+ExitOnOutOfMemoryError',
  '-Dfile.encoding=UTF-8',
  '-Dstdout.encoding=UTF-8',
  '-Dstderr.encoding=UTF-8',
  '-Djava.security.egd=file:/dev/urandom',
].join(' ')

/** A configured server, before its start. */
interface Server {
  readonly distribution: KeycloakDistribution
  readonly dataDir: string
  /** Keycloak's home folder: links to the distribution, and a `data` folder. */
  readonly home: string
  readonly url: string
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
}

async function prepare(options: KeycloakOptions): Promise<Server> {
  const { dataDir, env = process.env, onRemark, signal } = options
  const find = { env, ...(onRemark && { onFetch: onRemark }), ...(signal && { signal }) }
  const distribution = options.distribution ?? (await findKeycloak(find))
  const port = options.port ?? (await freePort())
  const url = `http://${LOOPBACK}:${port}`
  return {
    distribution,
    dataDir,
    home: linkHome(distribution.folder, join(privateFolder(dataDir), 'home')),
    url,
    signal,
    env: {
      PATH: env['PATH'] ?? '',
      ...javaEnv(distribution.java),
      JAVA_OPTS,
      KC_HTTP_ENABLED: 'true',
      KC_HTTP_HOST: LOOPBACK,
      KC_HTTP_PORT: String(port),
      KC_HTTP_MANAGEMENT_HOST: LOOPBACK,
      KC_HTTP_MANAGEMENT_PORT: String(await freePort()),
      KC_HOSTNAME: url,
      KC_HOSTNAME_STRICT: 'true',
      KC_LOG_LEVEL: 'info,io.smallrye.health:warn',
    },
  }
}

function linkHome(distribution: string, home: string): string {
  privateFolder(join(home, 'data'))
  for (const name of ['conf', 'lib', 'providers', 'themes']) {
    rmSync(join(home, name), { force: true })
    symlinkSync(join(distribution, name), join(home, name))
  }
  return home
}

/** Ensures that the database has this realm with these secrets. Returns the process when the import left the server running. */
async function populate(server: Server, options: KeycloakOptions): Promise<RunningProcess | undefined> {
  const { dataDir, onRemark, secrets, templateDir } = options
  const wanted = fingerprint(secrets)
  const database = join(server.home, 'data', 'h2')
  const marker = join(dataDir, 'imported.json')
  if (existsSync(database) && readJson(marker) === wanted) return undefined
  if (existsSync(marker)) onRemark?.('the realm file or its secrets changed: starting from an empty realm')
  rmSync(marker, { force: true })
  rmSync(database, { recursive: true, force: true })
  const template = templateDir === undefined ? undefined : join(templateDir, wanted)
  let running: RunningProcess | undefined
  if (template !== undefined && existsSync(template)) {
    cpSync(template, database, { recursive: true })
  } else {
    onRemark?.('importing the realm (about half a minute, once)')
    running = await importRealm(server, options)
    if (template !== undefined) {
      await running.stop(STOP_GRACE_MS) // the database file is consistent only while no process has it open
      running = undefined
      keepTemplate(database, template)
    }
  }
  writeAtomically(marker, JSON.stringify(wanted))
  return running
}

async function importRealm(
  server: Server,
  { secrets, logoutUrl = `http://${LOOPBACK}:8181/backchannel-logout` }: KeycloakOptions,
): Promise<RunningProcess> {
  const folder = privateFolder(join(server.home, 'data', 'import'))
  cpSync(REALM_FILE, join(folder, 'mandate-realm.json'))
  const bootstrap = { KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN, KC_BOOTSTRAP_ADMIN_PASSWORD: secrets.keycloakAdminPassword }
  // In the demo the auditor's page may be on any loopback port: it can change between starts.
  const ours = { PDP_LOGOUT_URL: logoutUrl, AUDITOR_PUBLIC_URL: `http://${LOOPBACK}` }
  const env = { ...server.env, ...secrets.realm, ...ours, ...bootstrap }
  try {
    return await serve({ ...server, env }, '--import-realm')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function keepTemplate(database: string, template: string): void {
  privateFolder(join(template, '..'))
  const aside = `${template}.${process.pid}`
  cpSync(database, aside, { recursive: true })
  if (existsSync(template)) rmSync(aside, { recursive: true })
  else renameSync(aside, template)
}

/** Hash of everything that the imported database depends on. */
function fingerprint(secrets: KeycloakOptions['secrets']): string {
  const hash = createHash('sha256').update(JSON.stringify([KEYCLOAK_VERSION, BUILD_FLAGS]))
  hash.update(readFileSync(REALM_FILE))
  hash.update(JSON.stringify([secrets.keycloakAdminPassword, Object.entries(secrets.realm).toSorted()]))
  return hash.digest('hex').slice(0, 32)
}

function serve(server: Server, ...extra: readonly string[]): Promise<RunningProcess> {
  return startProcess({
    name: 'Keycloak',
    command: 'sh',
    args: [
      join(server.distribution.folder, 'bin', 'kc.sh'),
      `-Dkc.home.dir=${server.home}`,
      'start',
      '--optimized',
      ...extra,
    ],
    env: server.env,
    cwd: server.dataDir,
    // The HTTP port responds before the realm is loaded: wait for the readiness endpoint.
    ready: `http://${LOOPBACK}:${server.env['KC_HTTP_MANAGEMENT_PORT']}/health/ready`,
    readyTimeoutMs: 240_000,
    logFile: join(server.dataDir, 'keycloak.log'),
    ...(server.signal && { signal: server.signal }),
  })
}

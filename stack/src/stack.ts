/**
 * Starts the whole stack: OpenFGA and Keycloak in parallel, then Mandate's services. The auditor's page is not built here: only a browser needs it.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { dockerAnswers, dockerServers } from './docker.ts'
import { MissingToolError } from './errors.ts'
import { prepareExtraServices } from './extra-services.ts'
import { privateFolder } from './files.ts'
import { findOpenFga } from './find-openfga.ts'
import { type Identity, type IdentityServer, type IssuerKind, startIdentity } from './identity.ts'
import { writeLogPins } from './log-pins.ts'
import { type OpenFga, type OpenFgaEngine, startOpenFga } from './openfga.ts'
import { preparePage } from './page.ts'
import { choosePorts, listenHostOf, ONE_OF_EACH } from './ports.ts'
import { startPostgres } from './postgres.ts'
import { type Progress, silentProgress } from './progress.ts'
import { loadSecrets, type Secrets } from './secrets.ts'
import { type Service, spawnService } from './service.ts'
import {
  type Extra,
  logKeyFile,
  pdpDataDir,
  pdpNames,
  pdpSettings,
  SERVICES,
  type ServiceName,
  type ServiceSettings,
  type SharedPdps,
  serviceSettings,
} from './settings.ts'

/** Options of {@link startStack}. */
export interface StackOptions {
  /** Folder of all files that the stack writes. Created with mode 0700. */
  readonly stateDir: string
  /**
   * How many PDPs. Several share a database on a PostgreSQL that is started for them, and OpenFGA's is there too; all of it is temporary.
   *
   * @default 1
   */
  readonly pdps?: number
  /** Services to start. @default all */
  readonly services?: readonly ServiceName[]
  /** A running issuer to use, instead of starting one. */
  readonly identity?: Identity
  /** Which issuer to start. @default 'keycloak' */
  readonly issuerKind?: IssuerKind
  /** Database of OpenFGA. `embedded`: no OpenFGA, the only PDP keeps the relationship tuples in its own database. @default 'sqlite' */
  readonly engine?: OpenFgaEngine | 'embedded'
  /** For the postgres engine. */
  readonly postgresUrl?: string
  /** Start local servers even if the environment or Docker provides some: for tests that crash them. @default false */
  readonly ownServers?: boolean
  /** See {@link startKeycloak}. */
  readonly templateDir?: string
  /** @default the secrets in the state folder */
  readonly secrets?: Secrets
  readonly logLevel?: string
  readonly progress?: Progress
  readonly env?: NodeJS.ProcessEnv
  /** Aborts the start, and stops what has started. */
  readonly signal?: AbortSignal
}

/** A running PDP of a stack with several. */
export interface StackPdp {
  readonly url: string
  readonly service: Service
  /** Folder of its decision log. */
  readonly log: string
  /** File with its log's verifier key. */
  readonly key: string
}

/** A running stack. `services` has only the requested ones. */
export interface Stack extends Identity {
  readonly urls: Readonly<Record<ServiceName, string>>
  /** Every PDP; the first one is also among the services. Empty where `pdp` was not requested. */
  readonly pdps: readonly StackPdp[]
  /** `undefined` with the engine `embedded`. */
  readonly openFga: OpenFga | undefined
  /** Keycloak or the embedded issuer; `undefined` when {@link StackOptions.identity} is used. */
  readonly identityServer: IdentityServer | undefined
  readonly services: Readonly<Partial<Record<ServiceName, Service>>>
  /** Folder of the decision log. */
  readonly log: string
  /** File with the log's verifier key. */
  readonly key: string
  /** Stops what this stack started, services first. */
  stop(): Promise<void>
}

/**
 * Starts the stack.
 *
 * @throws MissingToolError or StartError, after stopping everything that had started. TypeError for several PDPs with the engine `embedded`.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  if (options.engine === 'embedded' && (options.pdps ?? 1) > 1)
    throw new TypeError('engine: embedded is for one PDP; several share an OpenFGA')
  const stateDir = privateFolder(options.stateDir)
  const giveUp = new AbortController()
  const signals = options.signal ? [options.signal, giveUp.signal] : [giveUp.signal]
  const started: (() => Promise<void>)[] = []
  const context: Context = {
    ...options,
    stateDir,
    env: options.ownServers ? withoutServers(options.env ?? process.env) : (options.env ?? process.env),
    progress: options.progress ?? silentProgress,
    secrets: options.secrets ?? loadSecrets(stateDir),
    ports: await choosePorts(stateDir, options.env ?? process.env, [...ONE_OF_EACH, ...pdpNames(options.pdps ?? 1)]),
    signal: AbortSignal.any(signals),
    started,
  }
  const servers: Promise<unknown>[] = []
  try {
    const shared = await bringUpPostgres(context)
    const found = await withDocker(context)
    const openFgaUp = bringUpOpenFga({
      ...found,
      ...(shared && { engine: 'postgres', postgresUrl: shared.openFgaUrl }),
    })
    const identityUp = bringUpIdentity(found)
    servers.push(openFgaUp, identityUp)
    const [openFga, { server, ...identity }] = await Promise.all([openFgaUp, identityUp])
    const extra = await prepareExtraServices(context, identity.admin)
    const { services, urls, pdps } = await bringUpServices(context, openFga, identity, { shared, extra })
    const log = join(pdpDataDir(stateDir), 'log')
    const stop = (): Promise<void> => stopAll(started)
    return { ...identity, urls, pdps, openFga, identityServer: server, services, log, key: logKeyFile(stateDir), stop }
  } catch (error) {
    giveUp.abort(error)
    const outcomes = await Promise.allSettled(servers)
    await stopAll(started)
    throw everythingMissing(outcomes) ?? error
  }
}

interface Context extends StackOptions {
  readonly env: NodeJS.ProcessEnv
  readonly progress: Progress
  readonly secrets: Secrets
  readonly ports: Awaited<ReturnType<typeof choosePorts>>
  readonly signal: AbortSignal
  /** Stop functions, in starting order. */
  readonly started: (() => Promise<void>)[]
}

/** Whether the environment has the URL of a server: Docker is then not used. */
export function namesServers({ OPENFGA_URL, KEYCLOAK_URL }: NodeJS.ProcessEnv): boolean {
  return Boolean(OPENFGA_URL || KEYCLOAK_URL)
}

/** Starts the servers in Docker, when an engine is running, and adds their addresses to the environment. Otherwise local binaries are used. */
async function withDocker(context: Context): Promise<Context> {
  const { env, ownServers, progress, engine, identity, issuerKind } = context
  const needsServers = engine !== 'embedded' || !(identity || issuerKind === 'embedded')
  if (!needsServers || ownServers || namesServers(env) || !(await dockerAnswers(env))) return context
  const docker = await progress.step('OpenFGA and Keycloak in Docker', () => dockerServers(context))
  context.started.push(() => docker.stop())
  return { ...context, env: { ...env, ...docker.env } }
}

/** Starts the PostgreSQL of several PDPs; nothing for one. */
async function bringUpPostgres({
  pdps: count = 1,
  progress,
  started,
  env,
  signal,
}: Context): Promise<(SharedPdps & { readonly openFgaUrl: string }) | undefined> {
  if (count === 1) return undefined
  return progress.step('PostgreSQL', async (onFetch) => {
    const postgres = await startPostgres({ env, onFetch, signal })
    started.push(() => postgres.stop())
    return {
      count,
      storeUrl: await postgres.createDatabase('pdp'),
      indexUrl: await postgres.createDatabase('pdp_index'),
      openFgaUrl: await postgres.createDatabase('openfga'),
      vaultKey: randomBytes(32).toString('base64url'),
    }
  })
}

async function bringUpOpenFga(context: Context): Promise<OpenFga | undefined> {
  const { env, signal, stateDir, ports, secrets, postgresUrl, engine = 'sqlite' } = context
  if (engine === 'embedded') return undefined
  return context.progress.step('OpenFGA', async (onFetch) => {
    const openFga = await startOpenFga({
      engine,
      dataDir: join(stateDir, 'openfga'),
      apiToken: secrets.openFgaToken,
      httpPort: ports.openFga,
      ...(postgresUrl === undefined ? {} : { postgresUrl }),
      ...(env['OPENFGA_URL'] ? {} : { binary: await findOpenFga({ env, onFetch, signal }) }),
      env,
      signal,
    })
    context.started.push(() => openFga.stop())
    return openFga
  })
}

async function bringUpIdentity(context: Context): Promise<Identity & { readonly server: IdentityServer | undefined }> {
  if (context.identity) return { ...context.identity, server: undefined }
  const { server, ...identity } = await startIdentity(context)
  context.started.push(() => server.stop())
  return { ...identity, server }
}

async function bringUpServices(
  context: Context,
  openFga: OpenFga | undefined,
  { issuer, clientSecrets }: Identity,
  { shared, extra }: { readonly shared: SharedPdps | undefined; readonly extra: Extra },
): Promise<Pick<Stack, 'services' | 'urls' | 'pdps'>> {
  const { stateDir, ports, env, logLevel } = context
  const listenHost = listenHostOf(env)
  const level = logLevel === undefined ? {} : { logLevel }
  const input = {
    stateDir,
    ports,
    issuer,
    openFga,
    clientSecrets,
    listenHost,
    extra,
    ...level,
    ...(shared && { shared }),
  }
  const settings = serviceSettings(input)
  const wanted = SERVICES.filter((key) => (context.services ?? SERVICES).includes(key))
  // First: it makes the verifier key that the auditor reads.
  const pdps = wanted.includes('pdp') ? await bringUpPdps(context, pdpSettings(input)) : []
  if (pdps.length > 1) writeLogPins(stateDir, pdps)
  const others = wanted.filter((key) => key !== 'pdp')
  if (others.includes('auditor')) preparePage()
  const started = await allOf(others.map((key) => bringUpService(context, settings[key])))
  const services: Partial<Record<ServiceName, Service>> = {
    ...(pdps[0] && { pdp: pdps[0].service }),
    ...Object.fromEntries(others.map((key, index) => [key, started[index]])),
  }
  const { pdp, trips, care, agent, auditor } = settings
  const urls = { pdp: pdp.url, trips: trips.url, care: care.url, agent: agent.url, auditor: auditor.url }
  return { services, urls, pdps }
}

/** Starts the PDPs one after another, so that the first one makes the schema and the model. */
async function bringUpPdps(context: Context, all: readonly ServiceSettings[]): Promise<readonly StackPdp[]> {
  const pdps: StackPdp[] = []
  for (const settings of all) {
    const service = await bringUpService(context, settings)
    const dataDir = join(context.stateDir, settings.name)
    pdps.push({ url: settings.url, service, log: join(dataDir, 'log'), key: join(dataDir, 'log.vkey') })
  }
  return pdps
}

async function bringUpService(
  { stateDir, progress, signal, started }: Context,
  { name, entry, url, env }: ServiceSettings,
): Promise<Service> {
  privateFolder(join(stateDir, name))
  const logFile = join(stateDir, 'logs', `${name}.log`)
  const service = await progress.step(name, () =>
    spawnService({ name, entry, env, readyUrl: `${url}/readyz`, logFile, signal }),
  )
  started.push(() => service.stop())
  return service
}

/** Waits for all of them, so that one that fails leaves none behind that is still starting. @throws the first failure */
async function allOf<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work)
  return await Promise.all(work)
}

/** Combines the messages when tools for both servers are missing. */
function everythingMissing(outcomes: readonly PromiseSettledResult<unknown>[]): MissingToolError | undefined {
  const reasons: unknown[] = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined))
  const messages = reasons.flatMap((reason) => (reason instanceof MissingToolError ? [reason.message] : []))
  return messages.length > 1 ? new MissingToolError(messages.join('\n\n')) : undefined
}

/** Stops everything in reverse starting order, also when one stop function fails. */
async function stopAll(started: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = []
  for (const stop of started.splice(0).reverse()) {
    await stop().catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw new AggregateError(failures, 'not everything could be stopped')
}

function withoutServers({
  OPENFGA_URL: _openFga,
  KEYCLOAK_URL: _keycloak,
  ...rest
}: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return rest
}

/**
 * The PDP put together: the only file that sees both the ports and what implements them.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { EpochMillis } from '@mandate/protocol'
import type { Logger } from 'pino'
import { clientTlsOf } from './client-tls.ts'
import { createClock } from './clock.ts'
import type { Config } from './config.ts'
import { type Console, createConsole } from './console.ts'
import { decide } from './decide/decide.ts'
import type { Facts, FactWriter } from './facts.ts'
import { Border } from './http/border.ts'
import { Callers } from './http/caller.ts'
import { addressOf, listen, stopServer } from './http/listener.ts'
import { metadataKeyOf } from './http/metadata.ts'
import { Redactor } from './http/redact.ts'
import { createHttpApp, type HttpApp } from './http/server.ts'
import { openIndex } from './log/entry-index.ts'
import { type Files, nodeFiles } from './log/files.ts'
import { openLog } from './log/log.ts'
import type { EntryIndex } from './log/port.ts'
import { changedKeys, loadSigner } from './log/signer.ts'
import { openOutside } from './log-outside.ts'
import { Metrics } from './metrics.ts'
import { createNewId } from './new-id.ts'
import { OpenFgaAuthority } from './openfga/authority.ts'
import { OpenFgaClient } from './openfga/client.ts'
import { OpenFgaFacts } from './openfga/facts.ts'
import { OpenFgaRelations } from './openfga/relations.ts'
import { FgaStore } from './openfga/store.ts'
import { reapplyErasures } from './pap/erase.ts'
import { WrongCodes } from './pap/invitations.ts'
import type { PapDeps } from './pap/pap.ts'
import { PolicyControl } from './pap/policies.ts'
import { Settler, settle } from './pap/settle.ts'
import { Sweeper, sweepOnce } from './pap/sweep.ts'
import { Turns } from './pap/turns.ts'
import { readSources } from './policy/pack.ts'
import type { Clock, Recorder, Register } from './ports.ts'
import { createRecorder } from './record.ts'
import type { Answers, Intents, Invitations, Keys, People, PolicyShelf, Sessions, Vault } from './remembered.ts'
import { SqliteAnswers } from './store/answers.ts'
import { openDatabase } from './store/database.ts'
import { SqliteFacts } from './store/facts.ts'
import { SqliteIntents } from './store/intents.ts'
import { SqliteInvitations } from './store/invitations.ts'
import { SqliteKeys } from './store/keys.ts'
import { SqlitePeople } from './store/people.ts'
import { SqlitePolicies } from './store/policies.ts'
import { SqliteRegister } from './store/register.ts'
import { SqliteSessions } from './store/sessions.ts'
import { SqliteVault } from './store/vault.ts'
import { loadVaultKeys } from './vault-key.ts'

/** A running PDP. */
export interface Pdp {
  /** Where it listens. */
  readonly url: string
  /** Takes long dead grants out of OpenFGA now; it happens by itself now and then. Resolves to how many. */
  readonly sweep: () => Promise<number>
  /** For whoever runs the process. */
  readonly console: Console
  readonly metrics: Metrics
  /** Stops listening, finishes what is in flight, publishes a checkpoint. */
  readonly close: () => Promise<void>
}

/** What a test may put in place of the machine's. */
export interface Surroundings {
  /** The machine's clock. */
  readonly now?: () => EpochMillis
  /** What the decision log is written through. */
  readonly logFiles?: Files
}

/** Opens the stores, settles what a crash left, and listens. Nothing is open when this rejects. */
export async function startPdp(config: Config, logger: Logger, surroundings: Surroundings = {}): Promise<Pdp> {
  const closers: (() => Promise<void> | void)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close()
  }
  try {
    const memory = await openMemory(config, logger, surroundings, closers)
    const store = await openStore(config, memory, closers)
    const http = createServices(config, logger, memory, store)
    closers.push(() => http.settler.close())
    closers.push(() => http.sweeper.close())
    memory.people.dropNoticesExcept([...config.PDP_SERVICES.keys()])
    await reapplyErasures(memory)
    await http.settler.run()
    closers.push(http.app.close)
    const server = await listen(config, http.app.app)
    closers.push(() => {
      http.app.endStreams()
      return stopServer(server)
    })
    return {
      url: addressOf(config, server),
      sweep: () => http.sweeper.now(),
      console: http.console,
      metrics: memory.metrics,
      close: closeAll,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

interface Remembered {
  readonly vault: Vault
  readonly register: Register
  readonly intents: Intents
  readonly answers: Answers
  readonly invitations: Invitations
  readonly keys: Keys
  readonly people: People
  readonly facts: Facts
  readonly shelf: PolicyShelf
  readonly sessions: Sessions
  readonly log: Awaited<ReturnType<typeof openLog>>
  readonly index: EntryIndex
  readonly clock: Clock
  readonly newId: () => string
  readonly record: Recorder
  readonly metrics: Metrics
}

/** The PDP's own database, the log and its index. */
async function openMemory(
  config: Config,
  logger: Logger,
  { now, logFiles }: Surroundings,
  closers: (() => Promise<void> | void)[],
): Promise<Remembered> {
  const dir = config.PDP_DATA_DIR
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const onFault = (error: unknown): void => logger.error({ err: error }, 'decision log')
  const signer = await loadSigner(nodeFiles(), dir, config.PDP_LOG_ORIGIN)
  const outside = await openOutside(config, onFault)
  closers.push(outside.close)
  const log = await openLog({
    dir: join(dir, 'log'),
    origin: config.PDP_LOG_ORIGIN,
    signer,
    ...(logFiles ? { files: logFiles } : {}),
    onFailure: config.LOG_ON_FAILURE,
    onFault,
    cosign: outside.cosign,
    onCheckpoint: outside.onCheckpoint,
  })
  closers.push(() => log.close())
  const index = await openIndex({ place: config.PDP_INDEX_URL ?? join(dir, 'index.db'), log, onFault })
  closers.push(() => index.close())
  const clock = createClock(log.newestAt() ?? 0, (behindMs) => logger.warn({ behindMs }, 'the clock jumped back'), now)
  const database = openDatabase(join(dir, 'pdp.db'))
  closers.push(() => database.close())
  const keys = await loadVaultKeys(config)
  const newId = createNewId(clock)
  const metrics = new Metrics()
  const record = metrics.counted(createRecorder({ log, clock, newId }))
  const changed = changedKeys(await log.checkpoint(), signer)
  if (changed) await record([{ kind: 'key_changed', change: { log_keys: changed } }])
  return {
    vault: new SqliteVault(database, clock, keys),
    register: new SqliteRegister(database),
    intents: new SqliteIntents(database),
    answers: new SqliteAnswers(database),
    invitations: new SqliteInvitations(database),
    keys: new SqliteKeys(database),
    people: new SqlitePeople(database, keys),
    facts: new SqliteFacts(database),
    shelf: new SqlitePolicies(database),
    sessions: new SqliteSessions(database, clock),
    log,
    index,
    clock,
    newId,
    record,
    metrics,
  }
}

interface Store {
  readonly policies: PolicyControl
  readonly relations: OpenFgaRelations
  readonly authority: OpenFgaAuthority
  readonly factWriter: FactWriter
  readonly reachable: () => Promise<boolean>
}

/** OpenFGA: the store, the model of the policies in force, and who asks it. */
async function openStore(
  config: Config,
  { register, record, shelf, clock, metrics, log }: Remembered,
  closers: (() => Promise<void> | void)[],
): Promise<Store> {
  const read = () => readSources(config.PDP_POLICIES_DIR, config.PDP_PACKS)
  const server = { url: config.OPENFGA_URL, apiToken: config.OPENFGA_API_TOKEN, tls: clientTlsOf(config) }
  const models = await FgaStore.open({ ...server, name: config.OPENFGA_STORE })
  const policies = new PolicyControl({ read, models, register, shelf, record, clock })
  await policies.start()
  const client = new OpenFgaClient({
    ...server,
    deadlineMs: config.OPENFGA_DEADLINE_MS,
    observe: (outcome, ms) => metrics.relations(outcome, ms),
  })
  closers.push(() => client.close())
  metrics.watch({ healthy: () => log.healthy, reachable: () => client.isReachable() })
  const modelId = (): string => policies.current().modelId
  const relations = new OpenFgaRelations({ client, storeId: models.id })
  return {
    policies,
    relations,
    authority: new OpenFgaAuthority(models, relations, modelId),
    factWriter: new OpenFgaFacts(models, modelId),
    reachable: () => client.isReachable(),
  }
}

interface Services {
  readonly app: HttpApp
  readonly console: Console
  readonly settler: Settler
  readonly sweeper: Sweeper
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

function createServices(config: Config, logger: Logger, memory: Remembered, store: Store): Services {
  const { vault, register, intents, keys, log, index, clock, newId, record, metrics } = memory
  const { relations, authority, factWriter } = store
  const policies = store.policies.current
  const issuer = config.PDP_ISSUER
  const border = new Border({ issuer, vault, policies })
  const redact = new Redactor({ policies, register, vault })
  const pap: PapDeps = {
    policies,
    relations,
    authority,
    register,
    intents,
    keys,
    people: memory.people,
    facts: memory.facts,
    factWriter,
    vault,
    services: [...config.PDP_SERVICES.keys()],
    record,
    clock,
    newId,
    redact,
    maxDepth: config.PDP_MAX_CHAIN_DEPTH,
    turns: new Turns(),
    unfinished: () => settler.nudge(),
  }
  const settler = new Settler(() => settle(pap, (error) => logger.warn({ err: error }, 'not settled yet')))
  const callers = new Callers({
    issuer,
    audience: config.PDP_AUDIENCE,
    interactiveClients: config.PDP_INTERACTIVE_CLIENTS,
    services: config.PDP_SERVICES,
    register,
    vault,
    keys,
    sessions: memory.sessions,
    clock,
    tls: clientTlsOf(config),
    ...(config.PDP_JWKS_URL ? { jwksUrl: new URL(config.PDP_JWKS_URL) } : {}),
  })
  const { sessions } = memory
  const decideDeps = { policies, relations, past: register, clock, sessions }
  const app = createHttpApp({
    ...pap,
    redact,
    answers: memory.answers,
    invitations: memory.invitations,
    wrongCodes: new WrongCodes(clock),
    border,
    callers,
    sessions,
    policyControl: store.policies,
    consistency: relations.consistency,
    decide: (evaluation) => decide(evaluation, decideDeps),
    search: { ...decideDeps, directory: register, register, facts: memory.facts },
    vault,
    index,
    log,
    logger,
    metrics,
    limits: {
      personPerMinute: config.PDP_PERSON_PER_MINUTE,
      personBurst: config.PDP_PERSON_BURST,
      servicePerSecond: config.PDP_SERVICE_PER_SECOND,
      addressPerSecond: config.PDP_ADDRESS_PER_SECOND,
      concurrent: config.PDP_CONCURRENT,
      streams: config.PDP_STREAMS,
    },
    ...(config.PDP_METADATA_KEY_FILE
      ? { metadataKey: metadataKeyOf(readFileSync(config.PDP_METADATA_KEY_FILE, 'utf8')) }
      : {}),
    publicUrl: config.PDP_PUBLIC_URL ?? `http://${config.PDP_HOST}:${config.PDP_PORT}`,
    ready: async () => log.healthy && (await store.reachable()),
    trustProxy: config.TRUST_PROXY,
  })
  const retention = config.PDP_SWEEP_AFTER_DAYS * DAY_MS
  const sweeper = new Sweeper(
    () => sweepOnce(pap, { retention }),
    config.PDP_SWEEP_EVERY_MINUTES * MINUTE_MS,
    (error) => logger.warn({ err: error }, 'not swept'),
  )
  return { app, console: createConsole(pap, border, store.policies), settler, sweeper }
}

/**
 * The PDP put together: with `open-memory.ts` and `open-store.ts` the only file that sees both the ports and what implements them.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { decide } from './decide/decide.ts'
import { Callers } from './http/caller.ts'
import { addressOf, listen, stopServer } from './http/listener.ts'
import { metadataKeyOf } from './http/metadata.ts'
import { createOperatorApi, type OperatorApi } from './http/operator-api.ts'
import { PageTokens } from './http/page-tokens.ts'
import { Pseudonymizer } from './http/pseudonymizer.ts'
import { Redactor } from './http/redact.ts'
import { createHttpApp, type HttpApp } from './http/server.ts'
import { openStore, type Store } from './openfga/open.ts'
import { WrongCodes } from './pap/invitations.ts'
import { KeyedMutex } from './pap/keyed-mutex.ts'
import { NarrowingQueue } from './pap/narrowing-queue.ts'
import type { PapDeps } from './pap/pap.ts'
import { markErasures, reapplyErasures } from './pap/reapply.ts'
import { Reconciler, reconcile } from './pap/reconcile.ts'
import { Sweeper, sweepOnce } from './pap/sweep.ts'
import { Unseater } from './pap/unseat.ts'
import { clientTlsOf } from './runtime/client-tls.ts'
import type { Metrics } from './runtime/metrics.ts'
import { openStores, type StartOptions, type Stores } from './store/open.ts'

/** A running PDP. */
export interface Pdp {
  /** Where it listens. */
  readonly url: string
  /** Takes long dead grants out of OpenFGA now; it happens by itself now and then. Resolves to how many. */
  readonly sweep: () => Promise<number>
  /** For whoever runs the process. */
  readonly operator: OperatorApi
  readonly metrics: Metrics
  /** Resolves when another PDP has taken over OpenFGA's store; this one has stopped then. */
  readonly lost: Promise<void>
  /** Stops listening, finishes what is in flight, publishes a checkpoint. Again is no more. */
  readonly close: () => Promise<void>
}

/** Opens the stores, settles what a crash left, and listens. Nothing is open when this rejects. */
export async function startPdp(config: Config, logger: Logger, startOptions: StartOptions = {}): Promise<Pdp> {
  const closers: (() => Promise<void> | void)[] = []
  let closing: Promise<void> | undefined
  const closeAll = (): Promise<void> => {
    closing ??= closeEach(closers.toReversed())
    return closing
  }
  try {
    const memory = await openStores(config, logger, startOptions, closers)
    const lost = Promise.withResolvers<void>()
    const onLost = (): void => {
      logger.fatal('another PDP has taken over the store of OpenFGA: stopping')
      closeAll()
        .catch((error: unknown) => logger.error({ err: error }, 'not stopped cleanly'))
        .then(() => lost.resolve())
    }
    const store = await openStore(config, logger, memory, closers, startOptions.claims === false ? undefined : onLost)
    let url = ''
    const http = createServices(config, logger, memory, store, () => url)
    closers.push(() => http.reconciler.close())
    closers.push(() => http.sweeper.close())
    closers.push(() => http.unseater.close())
    memory.people.dropNoticesExcept(forgetters(config))
    await reapplyErasures(memory)
    closers.push(() =>
      markErasures(memory).catch((error: unknown) => logger.warn({ err: error }, 'erasures not marked')),
    )
    await http.reconciler.run()
    closers.push(http.app.close)
    const server = await listen(config, http.app.app)
    url = addressOf(config, server)
    closers.push(() => {
      http.app.endStreams()
      return stopServer(server)
    })
    return {
      url,
      sweep: () => http.sweeper.now(),
      operator: http.operator,
      metrics: memory.metrics,
      lost: lost.promise,
      close: closeAll,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** All of them, whichever fails. Rejects as the first that did. */
async function closeEach(closers: readonly (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = []
  for (const close of closers) {
    try {
      await close()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

interface Services {
  readonly app: HttpApp
  readonly operator: OperatorApi
  readonly reconciler: Reconciler
  readonly sweeper: Sweeper
  readonly unseater: Unseater
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

function createServices(
  config: Config,
  logger: Logger,
  memory: Stores,
  store: Store,
  listening: () => string,
): Services {
  const { vault, register, intents, keys, log, index, clock, newId, record, metrics } = memory
  const { relations, authority, factWriter } = store
  const policies = store.policies.current
  const issuer = config.PDP_ISSUER
  const pseudonymizer = new Pseudonymizer({ issuer, vault, policies })
  const redact = new Redactor({ policies, register, vault, isSub: (text) => pseudonymizer.isSub(text) })
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
    forgetters: forgetters(config),
    record,
    clock,
    newId,
    redact,
    maxDepth: config.PDP_MAX_CHAIN_DEPTH,
    mutex: new KeyedMutex(),
    unfinished: () => reconciler.schedule(),
    narrowings: new NarrowingQueue(),
    unseater: { below: (ended) => unseater.below(ended), expired: (grants) => unseater.expired(grants) },
  }
  const unseater = new Unseater(pap, (error) => logger.warn({ err: error }, 'not swept'))
  const reconciler = new Reconciler({
    reconcile: () => reconcile(pap, store.writer, (error) => logger.warn({ err: error }, 'not settled yet')),
    isReachable: store.reachable,
  })
  store.writer.whenInDoubt(() => reconciler.schedule())
  const callers = new Callers({
    issuer,
    audience: config.PDP_AUDIENCE,
    adminScope: config.PDP_ADMIN_SCOPE,
    secondFactor: config.PDP_SECOND_FACTOR,
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
    pseudonymizer,
    callers,
    sessions,
    tokens: new PageTokens(memory.sealer),
    policyControl: store.policies,
    consistency: relations.consistency,
    position: () => log.sequenced,
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
      personConcurrent: config.PDP_PERSON_CONCURRENT,
      streams: config.PDP_STREAMS,
    },
    ...(config.PDP_METADATA_KEY_FILE
      ? { metadataKey: metadataKeyOf(readFileSync(config.PDP_METADATA_KEY_FILE, 'utf8')) }
      : {}),
    publicUrl: () => config.PDP_PUBLIC_URL ?? listening(),
    isTls: (config.PDP_PUBLIC_URL?.startsWith('https:') ?? false) || config.PDP_TLS_CERT_FILE !== undefined,
    missing: async () => [
      ...(log.healthy ? [] : ['log' as const]),
      ...(memory.isTrusted() ? [] : ['clock' as const]),
      ...((await store.reachable()) ? [] : ['openfga' as const]),
      ...((await store.lowLimits()).length === 0 ? [] : ['openfga_limits' as const]),
      ...(index.isReady ? [] : ['index' as const]),
    ],
    lowLimits: store.lowLimits,
    trustProxy: config.TRUST_PROXY,
  })
  const retention = config.PDP_SWEEP_AFTER_DAYS * DAY_MS
  const sweeper = new Sweeper(
    async () => {
      await store.writer.sweepMarkers(clock() - DAY_MS)
      return sweepOnce(pap, { retention })
    },
    config.PDP_SWEEP_EVERY_MINUTES * MINUTE_MS,
    (error) => logger.warn({ err: error }, 'not swept'),
  )
  return { app, operator: createOperatorApi(pap, pseudonymizer, store.policies), reconciler, sweeper, unseater }
}

/** All that keep something of people: they are told whom to forget. */
const forgetters = (config: Config): readonly string[] => [
  ...new Set([...config.PDP_SERVICES.keys(), ...config.PDP_ERASURE_CLIENTS]),
]

/**
 * The PDP put together from its rooms: the only file that sees both the ports and what implements them.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { type ClientTls, clientTlsOf, type ListenerBounds, once, type Reload, serve } from '@mandate/service'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { listenerOptionsOf } from './http/listener.ts'
import { type OpenHttp, openHttp } from './http/open.ts'
import { createOperatorApi, type OperatorApi } from './http/operator-api.ts'
import { Pseudonymizer } from './http/pseudonymizer.ts'
import { PARTS } from './http/readiness.ts'
import { Redactor } from './http/redact.ts'
import { keepUp, reconcilingAfterReset } from './keep-up.ts'
import type { RunningIndex } from './log/entry-index.ts'
import type { Files } from './log/files.ts'
import { lagOf } from './log/lag.ts'
import { type OpenDecisionLog, openDecisionLog, openIndex } from './log/open.ts'
import { createRecorder } from './log/recorder.ts'
import { restoredMark } from './log/restored-mark.ts'
import { LogBarrier } from './memory/barrier.ts'
import { openConfiguredEngine } from './open-engine.ts'
import { openConfiguredTracing } from './open-tracing.ts'
import { finishEarlierChanges, openPap, type Pap } from './pap/open.ts'
import { PolicyControl } from './pap/policies.ts'
import { partsMissing } from './parts-missing.ts'
import { type PolicySources, readSources } from './policy/pack.ts'
import type { Awaitable } from './ports/awaitable.ts'
import type { RunningEngine } from './ports/engine.ts'
import type { ReadBarrier } from './ports/invalidations.ts'
import type { Recorder } from './ports/recorder.ts'
import type { Tracing } from './ports/tracing.ts'
import { createReload } from './reload.ts'
import { readClientTls } from './runtime/client-tls.ts'
import { MACHINE, type Machine } from './runtime/clock.ts'
import { type Clocks, createClocks } from './runtime/clocks.ts'
import { Metrics } from './runtime/metrics.ts'
import { createNewId } from './runtime/new-id.ts'
import { openSignals } from './signals/open.ts'
import { openStores, type Stores } from './store/open.ts'
import type { DatabaseWatch } from './store/open-postgres.ts'

/** A running PDP. */
export interface Pdp {
  /** Where it listens: scheme, host and port. */
  readonly url: string
  /** Takes long dead grants out of OpenFGA now; it happens by itself now and then. Resolves to how many. */
  readonly sweep: () => Promise<number>
  /** What the operator of the process may do without a token. */
  readonly operator: OperatorApi
  readonly metrics: Metrics
  /** Resolves when another PDP has taken over OpenFGA's store, or has this one's log origin; this one has stopped then. */
  readonly lost: Promise<void>
  /** What it takes from its files again while it runs. */
  readonly reload: Reload<Config>
  /** Stops listening, finishes what is in flight, publishes a checkpoint. Calling it again returns the same promise. */
  readonly close: () => Promise<void>
  /** Is not ready for `PDP_DRAIN_SECONDS` while it answers every request, then does what `close` does. Calling it again returns the same promise. */
  readonly drain: () => Promise<void>
}

/** What a test may put in place of the machine's. */
export interface StartOptions {
  /** The machine's clock, and what passed by a clock that nobody can set. */
  readonly machine?: Machine
  /** What the decision log is written through. */
  readonly logFiles?: Files
  /**
   * `false`: starts beside the PDP that OpenFGA's store belongs to, without taking it over. For what asks only: a benchmark, or a test of
   * decisions on a store that others change. @default true
   */
  readonly claims?: boolean
  /** Reads the policies, at the start and whenever they are loaded. @default the folders of `PDP_POLICIES_DIR` and `PDP_PACKS` */
  readonly readPolicies?: () => Promise<PolicySources>
  /** Bounds of the listener that are not to be its own. */
  readonly listener?: ListenerBounds
  /** Opens another authorization engine than OpenFGA: a benchmark of the PDP without one. @default OpenFGA, as configured */
  readonly openEngine?: typeof openConfiguredEngine
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** Opens the stores, finishes what a crash left, and listens. Nothing is open when this rejects. */
export async function startPdp(given: Config, logger: Logger, options: StartOptions = {}): Promise<Pdp> {
  const config = { ...given }
  const closing = new AsyncDisposableStack()
  const close = once(() => closing.disposeAsync())
  const lost = Promise.withResolvers<void>()
  const stop = (reason: string): void => {
    logger.fatal(`${reason}: stopping`)
    close()
      .catch((error: unknown) => logger.error({ err: error }, 'not stopped cleanly'))
      .then(() => lost.resolve())
  }
  try {
    const rooms = await openRooms(config, logger, options, stop, closing)
    const { pap, http, metrics } = rooms
    closing.defer(http.close)
    const listening = { ...listenerOptionsOf(config), ...options.listener }
    const { PDP_WORKER_PORT: port } = config
    // Asked for what only this worker can answer, such as a proof from its log.
    const own = port === undefined ? undefined : await serve(http.listener, { ...listening, port, exclusive: true })
    if (own) closing.defer(own.close)
    const listener = await serve(http.listener, listening)
    rooms.url = listener.url
    closing.defer(async () => {
      http.endStreams()
      await Promise.all([listener.close(), own?.close()])
    })
    const sweep = (): Promise<number> => pap.sweeper.now()
    const drain = once(async () => {
      rooms.stopping.abort()
      for (const one of [listener, own]) one?.drain()
      await pause(config.PDP_DRAIN_SECONDS * 1_000)
      await close()
    })
    const reload = createReload({ config, ...rooms, listeners: [listener, own].filter((one) => one !== undefined) })
    return { url: rooms.url, sweep, operator: rooms.operator, metrics, reload, lost: lost.promise, close, drain }
  } catch (error) {
    await close()
    throw error
  }
}

interface Rooms {
  readonly pap: Pap
  readonly http: OpenHttp
  readonly operator: OperatorApi
  readonly metrics: Metrics
  readonly clientTls: ClientTls | undefined
  readonly replaceIndexUrl: (url: string) => void
  /** Aborted when readiness has to say that the PDP stops. */
  readonly stopping: AbortController
  /** Where the PDP listens; empty before it does. */
  url: string
}

/** Opens each room on those below it, and finishes what an earlier process left. */
async function openRooms(
  config: Config,
  logger: Logger,
  { machine = MACHINE, logFiles, claims = true, openEngine = openConfiguredEngine, readPolicies }: StartOptions,
  stop: (reason: string) => void,
  closing: AsyncDisposableStack,
): Promise<Rooms> {
  await mkdir(config.PDP_DATA_DIR, { recursive: true, mode: 0o700 })
  const opened = await openDecisionLog(config, logger, logFiles, closing)
  const { clock, isTrusted, comparison } = createClocks(opened.log.newestAt(), machine, logger)
  const watch: DatabaseWatch = {
    now: machine.now,
    onBeat: (database, here) => comparison.observe(database, here),
    onReplaced: stop,
  }
  const stores = await openStores(config, clock, watch, closing)
  const decisionLog = { ...opened, index: openIndex(config, opened.log, logger, closing) }
  const shared = await openShared(config, logger, closing)
  const barrier = new LogBarrier(stores.invalidations, shared.metrics.barrier(), {
    isOff: config.PDP_TEST_READ_BARRIER === 'off',
  })
  for (const copy of stores.copies) barrier.listen(copy)
  const own = { newId: createNewId(clock), stopping: new AbortController() }
  const base = { ...shared, ...own, stores, barrier, clock, isTrusted, comparison }
  const record = await startRecorder(base, decisionLog)
  const modelId = (): string => policies.current().modelId
  const onLost = claims ? () => stop('another PDP has taken over the store of OpenFGA') : undefined
  const engine = await openEngine({ ...base, modelId, onLost }, closing)
  const policies = new PolicyControl({
    ...stores,
    read: readPolicies ?? (() => readSources(config.PDP_POLICIES_DIR, config.PDP_PACKS)),
    engine,
    record,
    clock,
    isShared: stores.invalidations.isShared,
  })
  await policies.start()
  barrier.listen(policies.inUse)
  const rooms = createApi({ ...base, record, decisionLog, engine, policies }, closing)
  if (stores.isShared) barrier.listen(reconcilingAfterReset(rooms.pap))
  await barrier.pass()
  keepUp(base, closing)
  // Before pending ends are completed, so that their events are recorded.
  await openSignals({ ...base, policies, keys: rooms.http.signalKeys }, closing)
  const earlier = { ...stores, ...decisionLog, clock, restored: restoredMark(config.PDP_DATA_DIR) }
  await finishEarlierChanges(rooms.pap, earlier, logger, closing)
  return rooms
}

async function openShared(config: Config, logger: Logger, closing: AsyncDisposableStack) {
  const tracing = await openConfiguredTracing(config, logger, closing)
  return { config, logger, tracing, metrics: new Metrics(), clientTls: clientTlsOf(readClientTls(config) ?? {}) }
}

interface Base {
  /** The PDP's own copy: secrets in it change (`reload.ts`), so they are read for each use. */
  readonly config: Config
  /** Of calls to OpenFGA and the issuer. */
  readonly clientTls: ClientTls | undefined
  readonly logger: Logger
  readonly metrics: Metrics
  readonly tracing: Tracing | undefined
  readonly stores: Stores
  readonly barrier: ReadBarrier
  readonly clock: Clocks['clock']
  readonly stopping: AbortController
  /** Whether the machine's clock can be believed now. */
  readonly isTrusted: () => boolean
  readonly comparison: Clocks['comparison']
  readonly newId: () => string
}

async function startRecorder(
  { config, metrics, stores, clock, newId }: Base,
  { log, newKeys }: OpenDecisionLog,
): Promise<Recorder> {
  const isSub = (text: string): Awaitable<boolean> => stores.vault.isSub(config.PDP_ISSUER, text)
  const record = metrics.counted(createRecorder({ log, clock, newId, isSub }))
  if (newKeys) await record([{ kind: 'key_changed', change: { log_keys: newKeys } }])
  return record
}

interface ApiDeps extends Base {
  readonly record: Recorder
  readonly decisionLog: OpenDecisionLog & { readonly index: RunningIndex }
  readonly engine: RunningEngine
  readonly policies: PolicyControl
}

/** Opens administration with what it carries on in the background: reconciliation and sweeping. */
function openAdministration(deps: ApiDeps, redact: Redactor, closing: AsyncDisposableStack): Rooms['pap'] {
  const { config, logger, stores, clock, newId, record, engine, policies } = deps
  const { relations, authority, facts: factWriter, undecided, isReachable } = engine
  const shared = {
    ...stores,
    policies: policies.current,
    relations,
    authority,
    factWriter,
    record,
    clock,
    newId,
    redact,
  }
  const forgetters = [...new Set([...config.PDP_SERVICES.keys(), ...config.PDP_ERASURE_CLIENTS])]
  return openPap(
    {
      deps: { ...shared, forgetters, maxDepth: config.PDP_MAX_CHAIN_DEPTH },
      undecided,
      isReachable,
      retention: config.PDP_SWEEP_AFTER_DAYS * DAY_MS,
      sweepEvery: config.PDP_SWEEP_EVERY_MINUTES * MINUTE_MS,
      logger,
    },
    closing,
  )
}

function createApi(deps: ApiDeps, closing: AsyncDisposableStack): Rooms {
  const { config, logger, metrics, stores, barrier, decisionLog, engine, policies } = deps
  const { vault, register, callers } = stores
  const { isReachable, lowLimits } = engine
  const pseudonymizer = new Pseudonymizer({ issuer: config.PDP_ISSUER, vault, policies: policies.current })
  const isSub = (text: string): Awaitable<boolean> => pseudonymizer.isSub(text)
  const redact = new Redactor({ policies: policies.current, callers, register, vault, isSub })
  const pap = openAdministration(deps, redact, closing)
  const { log, index } = decisionLog
  const missing = partsMissing(deps)
  const { size } = stores.invalidations
  if (size) metrics.watchInvalidations(size.bind(stores.invalidations))
  const clockOffset = stores.isShared ? () => deps.comparison.offsetMs / 1_000 : undefined
  const healthy = (): boolean => log.healthy
  metrics.watch({ healthy, trusted: deps.isTrusted, clockOffset, reachable: isReachable, parts: PARTS, missing })
  const lag = () => lagOf(log, index, deps.clock)
  metrics.watchLag(lag)
  const listening = (): string => rooms.url
  const api = {
    config,
    logger,
    metrics,
    tracing: deps.tracing,
    stores,
    barrier,
    policies,
    pseudonymizer,
    redact,
    log,
    index,
    missing,
    lowLimits,
    lag,
    listening,
  }
  const http = openHttp({ ...api, clientTls: deps.clientTls, pap: pap.deps })
  const operator = createOperatorApi(pap.deps, pseudonymizer, policies, barrier)
  const { clientTls, stopping } = deps
  const replaceIndexUrl = index.replaceUrl.bind(index)
  const rooms: Rooms = { pap, http, operator, metrics, clientTls, replaceIndexUrl, stopping, url: '' }
  return rooms
}

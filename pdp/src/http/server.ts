/**
 * Express app of the PDP: the order of its middleware, and the handlers of its operations.
 *
 * @module
 */
import type { IncomingMessage, RequestListener } from 'node:http'
import { refuseUnknownRoute, securityHeaderList } from '@mandate/service'
import express, { type Express, type RequestHandler } from 'express'
import type { InForce } from '../policy/pack.ts'
import type { Clock } from '../ports/clock.ts'
import type { ReadBarrier } from '../ports/invalidations.ts'
import type { TokenBuckets } from '../ports/rates.ts'
import type { Sessions } from '../ports/stores.ts'
import type { Tracing } from '../ports/tracing.ts'
import { withWorkload } from '../ports/workload.ts'
import { enterAdministration, isStream } from './admit-administration.ts'
import { type AskingOperation, askingHandlers } from './asking.ts'
import type { Callers } from './caller.ts'
import { type DecisionDeps, decisionHandlers } from './decisions.ts'
import { createDirectListener } from './direct.ts'
import { answerEvaluation, answerEvaluations, type EvaluationDeps, requireEntitled } from './evaluation.ts'
import {
  accountOf,
  authenticated,
  beginExchange,
  createExchanges,
  exchangeOf,
  principalOf,
  rejectApiKeys,
  requireWriteScope,
} from './exchange.ts'
import { AnonymousRefusals, answerFaults, createProblemAnswers, type FaultDeps } from './faults.ts'
import { mountOperations, type OperationHandlers } from './handlers.ts'
import { idempotent } from './idempotency.ts'
import { jsonBody } from './json-body.ts'
import { createLimits, type LimitOptions, type Limits } from './limits.ts'
import { type LogFileDeps, logHandlers, mountDeepTiles } from './log-files.ts'
import { logoutRoute } from './logout.ts'
import { metadataBeforePath } from './metadata.ts'
import { type MonitoringDeps, monitoringHandlers } from './monitoring.ts'
import { OPERATIONS, otherMethods } from './openapi/operations.ts'
import { type PapRouteDeps, papHandlers } from './pap/pap-handlers.ts'
import { type Measuring, measure, measured } from './request-metrics.ts'
import { type SearchRouteDeps, searchHandlers } from './search.ts'
import { type SignalDeps, signalRoute } from './signals.ts'
import { middleware, type Step } from './step.ts'
import { OpenStreams } from './streams.ts'
import { Turns } from './turn.ts'

/** Bytes of a body, at most. */
const BODY_LIMIT = 64 * 1024
const BATCH_LIMIT = 1024 * 1024

export interface ServerDeps
  extends EvaluationDeps,
    Omit<PapRouteDeps, 'redact' | 'streams'>,
    Omit<DecisionDeps, 'log' | 'streams' | 'register'>,
    Omit<LogFileDeps, 'log'>,
    FaultDeps,
    MonitoringDeps,
    Pick<SignalDeps, 'signals' | 'issuer' | 'received'>,
    Omit<SearchRouteDeps, 'requireEntitled' | 'spend' | 'turns'> {
  readonly metrics: MonitoringDeps['metrics'] & SignalDeps['metrics']
  /** Absent while tracing is off. */
  readonly tracing?: Tracing | undefined
  readonly callers: Callers
  readonly vault: PapRouteDeps['vault'] & SignalDeps['vault']
  readonly log: DecisionDeps['log'] & LogFileDeps['log']
  readonly sessions: Sessions
  readonly barrier: ReadBarrier
  readonly policies: () => InForce
  readonly limits: LimitOptions
  /** Token buckets that several PDPs share. */
  readonly buckets: TokenBuckets | undefined
  /** Whether callers reach the PDP over TLS. */
  readonly isTls: boolean
  /** Number of trusted proxies, for Express's `trust proxy`. */
  readonly trustProxy: number
}

export interface HttpApp {
  /** Takes every request. */
  readonly listener: RequestListener
  /** Takes those that {@link listener} does not answer itself. */
  readonly app: Express
  /** Ends exports and streams, which would keep the listener open. */
  readonly endStreams: () => void
  /** Writes pending summaries to the log, and closes connections to the issuer. */
  readonly close: () => Promise<void>
}

export function createHttpApp(deps: ServerDeps): HttpApp {
  const app = createExpress(deps)
  const anonymous = new AnonymousRefusals(deps)
  const limits = createLimits(deps.limits, deps.buckets)
  const streams = new OpenStreams(deps.limits.streams, deps)
  const asking = askingOperations(deps, limits)
  const handlers = handlersOf({ ...deps, streams, anonymous }, asking)
  const reading = { ...deps, streams }
  const begin = createExchanges({
    isSub: (text) => deps.pseudonymizer.isSub(text),
    addressOf: addressReader(app),
    headers: [...securityHeaderList({ hsts: deps.isTls }), 'cache-control', 'no-store'],
  })
  const beforeCaller: readonly Step[] = [limits.concurrency, limits.byAddress, requireTrusted(deps.clock)]
  const ofCaller: readonly Step[] = [authenticated(deps.callers, deps.metrics), limits.byCaller]
  const answerProblem = createProblemAnswers(deps, anonymous)
  app.use(beginExchange(begin), metadataBeforePath(deps), measured(deps))
  mountOperations(app, handlers, ['open'])
  app.use(otherMethods('open'), ...beforeCaller.map(middleware))
  mountOperations(app, handlers, ['limited'])
  app.use(...ofCaller.map(middleware), otherMethods('all'))
  mountOperations(app, handlers, ['asking'])
  app.use(rejectApiKeys, requireWriteScope, administering)
  const entering = enterAdministration(limits.admissions.administer)
  const administration = [...jsonBody(BODY_LIMIT, 'optional', entering), idempotent(reading)]
  mountOperations(app, handlers, ['reading', 'administration'], ({ access, id }) => {
    if (access === 'administration') return administration
    return isStream(id) ? [] : [entering]
  })
  mountDeepTiles(app, handlers.tile)
  app.use(refuseUnknownRoute, answerFaults(answerProblem))
  const listener = createDirectListener({
    operations: byPath(asking),
    begin,
    steps: [measuredStep(deps), ...beforeCaller, ...ofCaller],
    answerProblem,
    app,
  })
  const close = async (): Promise<void> =>
    void (await Promise.all([anonymous.close(), deps.callers.close(), deps.signals?.close()]))
  return { app, listener, endStreams: () => streams.endAll(), close }
}

function createExpress({ trustProxy }: Pick<ServerDeps, 'trustProxy'>): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  app.set('trust proxy', trustProxy)
  app.set('query parser', 'simple')
  return app
}

type AskingId = 'evaluate' | 'evaluateAll' | 'searchSubjects' | 'searchResources' | 'searchActions'

function askingOperations(
  deps: ServerDeps,
  { bySize, spend, admissions }: Limits,
): Readonly<Record<AskingId, AskingOperation>> {
  const turns = new Turns()
  const search = searchHandlers({ ...deps, spend, turns, requireEntitled })
  const { searchSubjects, searchResources, searchActions } = search
  const one = { bodyLimit: BODY_LIMIT, lane: 'ask', admission: admissions.ask } as const
  const many = { bodyLimit: BODY_LIMIT, lane: 'bulk', admission: admissions.bulk } as const
  return {
    evaluate: { ...one, answer: answerEvaluation(deps) },
    evaluateAll: {
      ...many,
      bodyLimit: BATCH_LIMIT,
      charge: bySize,
      answer: answerEvaluations({ ...deps, spend, turns }),
    },
    searchSubjects: { ...many, answer: searchSubjects },
    searchResources: { ...many, answer: searchResources },
    searchActions: { ...many, answer: searchActions },
  }
}

/** By the paths of the OpenAPI document. */
const byPath = (asking: Readonly<Record<AskingId, AskingOperation>>): ReadonlyMap<string, AskingOperation> =>
  new Map(
    OPERATIONS.flatMap(({ id, method, path }) => {
      const operation = method === 'post' && Object.hasOwn(asking, id) ? asking[id as AskingId] : undefined
      return operation ? [[path, operation] as const] : []
    }),
  )

/** Maps every operation to its handler. */
function handlersOf(
  deps: ServerDeps & Pick<DecisionDeps, 'streams'> & Pick<SignalDeps, 'anonymous'>,
  asking: Readonly<Record<AskingId, AskingOperation>>,
): OperationHandlers {
  return {
    ...monitoringHandlers(deps),
    endSession: logoutRoute(deps),
    receiveSignal: signalRoute(deps),
    evaluate: askingHandlers(asking.evaluate),
    evaluateAll: askingHandlers(asking.evaluateAll),
    searchSubjects: askingHandlers(asking.searchSubjects),
    searchResources: askingHandlers(asking.searchResources),
    searchActions: askingHandlers(asking.searchActions),
    ...decisionHandlers(deps),
    ...logHandlers(deps),
    ...papHandlers(deps),
  }
}

/** Reads a client's address as Express does, which knows how many proxies are trusted. Of a request that none forwarded it is the socket's. */
function addressReader(app: Express): (req: IncomingMessage) => string {
  return ({ headers, socket }) =>
    headers['x-forwarded-for'] === undefined
      ? (socket.remoteAddress ?? '')
      : String(Reflect.get(app.request, 'ip', { app, headers, socket }) ?? '')
}

/** Rejects requests while the clock is not trusted. Runs before authentication, which depends on the clock too. */
function requireTrusted(clock: Clock): Step {
  return () => {
    clock()
    return undefined
  }
}

function measuredStep(measuring: Measuring): Step {
  return ({ method = '' }, res) => {
    measure(measuring, method, exchangeOf(res).path, res)
    return undefined
  }
}

/** Runs the request in the context of its caller, for fair queueing of its calls, and with its ids for log lines. */
const administering: RequestHandler = (_req, res, next) => {
  const exchange = exchangeOf(res)
  const { span } = exchange
  withWorkload({ caller: accountOf(principalOf(res)), lane: 'administer', correlation: exchange, span }, next)
}

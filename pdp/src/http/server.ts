/**
 * Express app of the PDP: the order of its middleware, and the handlers of its operations.
 *
 * @module
 */
import { refuseUnknownRoute, securityHeaders } from '@mandate/service'
import express, { type Express, type RequestHandler } from 'express'
import type { InForce } from '../policy/pack.ts'
import type { Clock } from '../ports/clock.ts'
import type { TokenBuckets } from '../ports/rates.ts'
import type { Sessions } from '../ports/stores.ts'
import { type Lane, withWorkload } from '../ports/workload.ts'
import type { Callers } from './caller.ts'
import { callerDeadline } from './caller-deadline.ts'
import { type DecisionDeps, decisionHandlers } from './decisions.ts'
import { type EvaluationDeps, evaluationRoute, evaluationsRoute, requireEntitled } from './evaluation.ts'
import { accountOf, authenticated, beginExchange, principalOf, rejectApiKeys, requireWriteScope } from './exchange.ts'
import { AnonymousRefusals, answerFaults, type FaultDeps } from './faults.ts'
import { mountOperations, type OperationHandlers } from './handlers.ts'
import { idempotent } from './idempotency.ts'
import { jsonBody } from './json-body.ts'
import { createLimits, type LimitOptions, type Limits } from './limits.ts'
import { type LogFileDeps, logHandlers, mountDeepTiles } from './log-files.ts'
import { logoutRoute } from './logout.ts'
import { metadataBeforePath } from './metadata.ts'
import { type MonitoringDeps, monitoringHandlers } from './monitoring.ts'
import { otherMethods } from './openapi/operations.ts'
import { type PapRouteDeps, papHandlers } from './pap/pap-handlers.ts'
import { measured } from './request-metrics.ts'
import { type SearchRouteDeps, searchHandlers } from './search.ts'
import { OpenStreams } from './streams.ts'

const BODY_LIMIT = '64kb'
const BATCH_LIMIT = '1mb'

export interface ServerDeps
  extends EvaluationDeps,
    Omit<PapRouteDeps, 'redact' | 'streams'>,
    Omit<DecisionDeps, 'log' | 'streams'>,
    Omit<LogFileDeps, 'log'>,
    FaultDeps,
    MonitoringDeps,
    Omit<SearchRouteDeps, 'requireEntitled' | 'spend'> {
  readonly metrics: MonitoringDeps['metrics']
  readonly callers: Callers
  readonly log: DecisionDeps['log'] & LogFileDeps['log']
  readonly sessions: Sessions
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
  readonly app: Express
  /** Ends exports and streams, which would keep the listener open. */
  readonly endStreams: () => void
  /** Writes pending summaries to the log, and closes connections to the issuer. */
  readonly close: () => Promise<void>
}

export function createHttpApp(deps: ServerDeps): HttpApp {
  const app = express()
  const anonymous = new AnonymousRefusals(deps)
  const limits = createLimits(deps.limits, deps.buckets)
  const streams = new OpenStreams(deps.limits.streams, deps.sessions)
  const handlers = handlersOf({ ...deps, streams }, limits)
  const reading = { ...deps, streams }
  app.disable('x-powered-by')
  app.set('etag', false)
  app.set('trust proxy', deps.trustProxy)
  app.set('query parser', 'simple')
  app.use(
    beginExchange((text) => deps.pseudonymizer.isSub(text)),
    ...securityHeaders({ hsts: deps.isTls }),
  )
  app.use(metadataBeforePath(deps), measured(deps.metrics))
  mountOperations(app, handlers, ['open'])
  app.use(otherMethods('open'), limits.concurrency, limits.byAddress, believing(deps.clock))
  mountOperations(app, handlers, ['limited'])
  app.use(authenticated(deps.callers), limits.byCaller, otherMethods('all'))
  mountOperations(app, handlers, ['asking'])
  app.use(rejectApiKeys, requireWriteScope, inLane('administer'))
  const administration = [...jsonBody(BODY_LIMIT, 'optional'), idempotent(reading)]
  mountOperations(app, handlers, ['reading', 'administration'], ({ access }) =>
    access === 'administration' ? administration : [],
  )
  mountDeepTiles(app, handlers.tile)
  app.use(refuseUnknownRoute, answerFaults(deps, anonymous))
  const close = async (): Promise<void> => {
    await Promise.all([anonymous.close(), deps.callers.close()])
  }
  return { app, endStreams: () => streams.endAll(), close }
}

/** Maps every operation to its handler. */
function handlersOf(deps: ServerDeps & Pick<DecisionDeps, 'streams'>, { bySize, spend }: Limits): OperationHandlers {
  const asking = { ...deps, spend }
  const one = jsonBody(BODY_LIMIT, 'required')
  const many = [...one, callerDeadline, inLane('bulk')]
  const { searchSubjects, searchResources, searchActions } = searchHandlers({ ...asking, requireEntitled })
  return {
    ...monitoringHandlers(deps),
    endSession: logoutRoute(deps),
    evaluate: [...one, callerDeadline, inLane('ask'), evaluationRoute(deps)],
    evaluateAll: [
      ...jsonBody(BATCH_LIMIT, 'required', bySize),
      callerDeadline,
      inLane('bulk'),
      evaluationsRoute(asking),
    ],
    searchSubjects: [...many, searchSubjects],
    searchResources: [...many, searchResources],
    searchActions: [...many, searchActions],
    ...decisionHandlers(deps),
    ...logHandlers(deps),
    ...papHandlers(deps),
  }
}

/** Rejects requests while the clock is not trusted. Runs before authentication, which depends on the clock too. */
function believing(clock: Clock): RequestHandler {
  return (_req, _res, next) => {
    clock()
    next()
  }
}

/** Runs the request in the context of its caller, for fair queueing of its calls. */
const inLane =
  (lane: Lane): RequestHandler =>
  (_req, res, next) =>
    withWorkload({ caller: accountOf(principalOf(res)), lane }, next)

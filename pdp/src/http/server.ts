/**
 * The PDP over HTTP: which route stands behind which doors.
 *
 * @module
 */
import { PERMISSIONS_POLICY, refuse } from '@mandate/protocol'
import express, { type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import type { InForce } from '../policy/pack.ts'
import type { Clock } from '../ports/clock.ts'
import type { Sessions } from '../ports/stores.ts'
import { type Lane, withWorkload } from '../ports/workload.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Callers } from './caller.ts'
import { type DecisionDeps, decisionRoutes } from './decisions.ts'
import { type EvaluationDeps, evaluationRoute, evaluationsRoute, requireEntitled } from './evaluation.ts'
import { accountOf, authenticated, beginExchange, mayChange, moreThanAsking, principalOf } from './exchange.ts'
import { AnonymousRefusals, answerFaults, type FaultDeps, notFound } from './faults.ts'
import { inTime } from './in-time.ts'
import { parseJson, utf8Of } from './json.ts'
import { createLimits, type LimitOptions } from './limits.ts'
import { type LogFileDeps, logRoutes } from './log-files.ts'
import { logoutRoute } from './logout.ts'
import { forOperators, measured } from './measured.ts'
import {
  JWKS_PATH,
  jwksRoute,
  METADATA_PATH,
  type MetadataDeps,
  metadataBeforePath,
  metadataRoute,
} from './metadata.ts'
import { openApiDocument } from './openapi/document.ts'
import { otherMethods } from './openapi/operations.ts'
import { type PapRouteDeps, papRoutes } from './pap-routes.ts'
import { isReadyWithout, type Part } from './readiness.ts'
import { type SearchRouteDeps, searchRoutes } from './search.ts'
import { OpenStreams } from './streams.ts'

const BODY_LIMIT = '64kb'
const BATCH_LIMIT = '1mb'

export interface ServerDeps
  extends EvaluationDeps,
    Omit<PapRouteDeps, 'redact' | 'streams'>,
    Omit<DecisionDeps, 'log' | 'streams'>,
    Omit<LogFileDeps, 'log'>,
    FaultDeps,
    MetadataDeps,
    Omit<SearchRouteDeps, 'requireEntitled' | 'spend'> {
  readonly callers: Callers
  readonly log: DecisionDeps['log'] & LogFileDeps['log']
  readonly sessions: Sessions
  readonly policies: () => InForce
  readonly limits: LimitOptions
  readonly metrics: Metrics
  /** What does not work now. */
  readonly missing: () => Promise<readonly Part[]>
  /** What to change about the limits of OpenFGA, in words for operators; empty when they are high enough. */
  readonly lowLimits: () => Promise<readonly string[]>
  /** Whether callers reach it over TLS. */
  readonly isTls: boolean
  /** Proxies in front that are trusted to say where a request came from. */
  readonly trustProxy: number
}

export interface HttpApp {
  readonly app: Express
  /** Ends exports and tails: they would outlast any shutdown. */
  readonly endStreams: () => void
  /** Writes what is still to be recorded. */
  readonly close: () => Promise<void>
}

export function createHttpApp(deps: ServerDeps): HttpApp {
  const app = express()
  const anonymous = new AnonymousRefusals(deps)
  const limits = createLimits(deps.limits)
  const streams = new OpenStreams(deps.limits.streams, deps.sessions)
  app.disable('x-powered-by')
  app.set('etag', false)
  app.set('trust proxy', deps.trustProxy)
  app.set('query parser', 'simple')
  app.use(
    beginExchange((text) => deps.pseudonymizer.isSub(text)),
    ...securityHeaders(deps.isTls),
  )
  app.use(metadataBeforePath(deps), measured(deps.metrics))
  app.get('/metrics', forOperators, async (_req, res) => {
    const { type, text } = await deps.metrics.read()
    res.set('content-type', type).send(text)
  })
  app.get('/livez', (_req, res) => void res.json({ status: 'alive' }))
  app.get('/readyz', async (_req, res) => {
    const missing = await deps.missing()
    const ready = isReadyWithout(missing)
    const mend = missing.includes('openfga_limits') ? { mend: await deps.lowLimits() } : {}
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', missing, ...mend })
  })
  app.get(METADATA_PATH, metadataRoute(deps))
  app.get(JWKS_PATH, jwksRoute(deps))
  // Made when it is first asked for: it takes a quarter of a second, which a start has better uses for.
  let document: ReturnType<typeof openApiDocument> | undefined
  app.get('/openapi.json', (_req, res) => {
    document ??= openApiDocument(deps.publicUrl())
    res.set('cache-control', 'public, max-age=3600').json(document)
  })
  app.use(otherMethods('open'), limits.concurrency, limits.byAddress, believing(deps.clock))
  app.post('/backchannel-logout', ...logoutRoute({ ...deps, streams }))
  app.use(authenticated(deps.callers), limits.byCaller, otherMethods('all'))
  const asking = { ...deps, spend: limits.spend }
  app.post('/access/v1/evaluation', ...jsonBody(BODY_LIMIT, 'required'), inTime, inLane('ask'), evaluationRoute(deps))
  const batch = jsonBody(BATCH_LIMIT, 'required', limits.bySize)
  app.post('/access/v1/evaluations', ...batch, inTime, inLane('bulk'), evaluationsRoute(asking))
  const search = searchRoutes({ ...asking, requireEntitled })
  app.use('/access/v1/search', ...jsonBody(BODY_LIMIT, 'required'), inTime, inLane('bulk'), search)
  app.use(moreThanAsking, mayChange, inLane('administer'))
  app.use('/v1', decisionRoutes({ ...deps, streams }))
  app.use('/log', logRoutes(deps))
  app.use('/v1', ...jsonBody(BODY_LIMIT, 'optional'), papRoutes({ ...deps, streams }))
  app.use(notFound, answerFaults(deps, anonymous))
  return { app, endStreams: () => streams.endAll(), close: () => anonymous.close() }
}

/** Before tokens are judged, which go by the machine's clock as well: none would be good. */
function believing(clock: Clock): RequestHandler {
  return (_req, _res, next) => {
    clock()
    next()
  }
}

/** Whatever the request leads to is done for its caller. */
const inLane =
  (lane: Lane): RequestHandler =>
  (_req, res, next) =>
    withWorkload({ caller: accountOf(principalOf(res)), lane }, next)

/** A JSON object, or nothing where that will do; anything else is 400 (AuthZEN 1.0, section 10.1). */
function jsonBody(
  limit: string,
  presence: 'required' | 'optional',
  ...beforeParsing: readonly RequestHandler[]
): readonly RequestHandler[] {
  const raw = express.raw({ type: () => true, limit })
  const parse: RequestHandler = (req, _res, next) => {
    const body: unknown = req.body
    if (!(body instanceof Uint8Array) || body.length === 0) {
      req.body = undefined
      if (presence === 'required') throw refuse('invalid_request', 'The body must be a JSON object.')
      next()
      return
    }
    if (!req.is('application/json')) throw refuse('invalid_request', 'Content-Type: must be application/json.')
    const value = parseJson(utf8Of(body))
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw refuse('invalid_request', 'The body must be a JSON object.')
    req.body = value
    next()
  }
  return [raw, ...beforeParsing, parse]
}

/** An API serves no page: nothing may be loaded, framed or sniffed from it. */
function securityHeaders(isTls: boolean): readonly RequestHandler[] {
  const headers = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: isTls ? { maxAge: 31_536_000, includeSubDomains: true } : false,
  })
  const permissions: RequestHandler = (_req, res, next) => {
    res.set('permissions-policy', PERMISSIONS_POLICY)
    next()
  }
  return [headers, permissions]
}

/**
 * Relay of the console: reads and changes at the PDPs with the access token of the signed-in person. The table below is all that can be reached:
 * grants, decisions and everything else that a person does for themselves are not in it. The PDP checks each request, and logs each change.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { Fault, idSchema, type LogLag, logLagSchema, pseudonymSchema } from '@mandate/protocol'
import express, { type Request, type RequestHandler, Router } from 'express'
import { z } from 'zod'
import { cookieOf } from './middleware.ts'
import type { PdpRequest, Pdps, Probe } from './pdps.ts'
import { disconnectSignal, queryOf, send } from './relay.ts'
import { rolesIn } from './roles.ts'
import type { Sessions } from './sessions.ts'
import { CONSOLE_PLACE } from './sign-in.ts'

const TIMEOUT_MS = 30_000
const BODY_LIMIT = '16kb'

/** Dependencies of {@link consoleRoutes}. */
export interface ConsoleDeps {
  readonly sessions: Sessions
  readonly pdps: Pdps
  /** Rules for a second factor ({@link hasSecondFactor}); a role is effective only with one. */
  readonly secondFactor: readonly string[]
}

interface Relayed {
  readonly method: 'get' | 'post' | 'patch' | 'put' | 'delete'
  readonly route: string
  /** Path at the PDP. */
  readonly path: (req: Request) => string
}

const RELAYED: readonly Relayed[] = [
  { method: 'get', route: '/agents', path: () => '/v1/agents' },
  { method: 'post', route: '/agents', path: () => '/v1/agents' },
  { method: 'patch', route: '/agents/:id', path: (req) => `/v1/agents/${idOf(req)}` },
  { method: 'get', route: '/personas', path: () => '/v1/personas?waiting=true' },
  { method: 'patch', route: '/personas/:id', path: (req) => `/v1/personas/${idOf(req)}` },
  { method: 'get', route: '/keys', path: () => '/v1/keys' },
  { method: 'post', route: '/keys', path: () => '/v1/keys' },
  { method: 'delete', route: '/keys/:id', path: (req) => `/v1/keys/${idOf(req)}` },
  { method: 'get', route: '/policies', path: () => '/v1/policies' },
  { method: 'get', route: '/policies/texts', path: (req) => `/v1/policies/texts${queryOf(req)}` },
  { method: 'get', route: '/policies/comparison', path: (req) => `/v1/policies/comparison${queryOf(req)}` },
  { method: 'post', route: '/policies/load', path: () => '/v1/policies/load' },
  { method: 'post', route: '/policies/activate', path: () => '/v1/policies/activate' },
  { method: 'get', route: '/domains', path: () => '/v1/domains' },
  { method: 'get', route: '/services', path: () => '/v1/services' },
  { method: 'get', route: '/holds', path: () => '/v1/holds' },
  { method: 'get', route: '/lookups', path: () => '/v1/lookups' },
  { method: 'post', route: '/lookups', path: () => '/v1/lookups' },
  { method: 'post', route: '/lookups/:id/approve', path: (req) => `/v1/lookups/${idOf(req)}/approve` },
  { method: 'post', route: '/lookups/:id/read', path: (req) => `/v1/lookups/${idOf(req)}/read` },
  { method: 'put', route: '/holds/:id', path: (req) => `/v1/subjects/${pseudonymOf(req)}/hold` },
  { method: 'delete', route: '/holds/:id', path: (req) => `/v1/subjects/${pseudonymOf(req)}/hold` },
]

/** Routes below `/console/api`. Mount them behind `ownPageOnly`. */
export function consoleRoutes(deps: ConsoleDeps): Router {
  const { sessions, pdps, secondFactor } = deps
  const router = Router()
  router.use(
    (_req, res, next) => {
      res.set('Cache-Control', 'no-store')
      next()
    },
    express.json({ limit: BODY_LIMIT, strict: true, type: 'application/json' }),
  )
  router.get('/session', async (req, res) => {
    const token = await sessions.accessOrNone(cookieOf(req, CONSOLE_PLACE.sessionCookie))
    res.json(token === undefined ? { signed_in: false } : { signed_in: true, roles: rolesIn(token, secondFactor) })
  })
  router.get('/health', async (req, res) => {
    const request = await requestOf(sessions, req, disconnectSignal(res))
    const [states, lags] = await Promise.all([
      pdps.probe('/readyz', { signal: request.signal, headers: {} }),
      pdps.probe('/v1/log/lag', request),
    ])
    res.json({ pdps: states.map((state, at) => healthOf(state, lags[at])) })
  })
  for (const operation of RELAYED) router[operation.method](operation.route, relay(deps, operation))
  return router
}

function relay({ sessions, pdps }: ConsoleDeps, { path }: Relayed): RequestHandler {
  return async (req, res) => {
    const signal = AbortSignal.any([disconnectSignal(res), AbortSignal.timeout(TIMEOUT_MS)])
    await send(await pdps.any(path(req), await requestOf(sessions, req, signal)), res)
  }
}

/** @throws Fault `unauthenticated` without a session. */
const accessOf = (sessions: Sessions, req: Request): Promise<string> =>
  sessions.accessOf(cookieOf(req, CONSOLE_PLACE.sessionCookie))

/** A request to a PDP in the name of the session's person. @throws Fault `unauthenticated` without a session. */
async function requestOf(sessions: Sessions, req: Request, signal: AbortSignal): Promise<PdpRequest> {
  const token = await accessOf(sessions, req)
  const body: unknown = req.body
  return {
    method: req.method,
    signal,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      // A second PDP that gets the request after the first one did not answer must not do it twice.
      ...(req.method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }
}

const readinessSchema = z.object({
  status: z.string(),
  missing: z.array(z.string()),
  mend: z.array(z.string()).default([]),
})

/** Health of one PDP, as the page shows it. */
export interface PdpHealth {
  readonly answers: boolean
  readonly ready: boolean
  /** Parts that do not work now, as in `/readyz`. */
  readonly missing: readonly string[]
  /** What an operator can do about them. */
  readonly mend: readonly string[]
  /** Time that `/readyz` took, in milliseconds. */
  readonly tookMs?: number
  /** Size of its log, and how far checkpoints and the index are behind it. */
  readonly log?: LogLag
}

function healthOf(state: Probe | undefined, lag: Probe | undefined): PdpHealth {
  const body = state && readinessSchema.safeParse(jsonOf(state.text))
  const log = lag?.status === 200 ? logLagSchema.safeParse(jsonOf(lag.text)).data : undefined
  if (!(state && body?.success)) return { answers: false, ready: false, missing: [], mend: [], ...(log ? { log } : {}) }
  const { missing, mend } = body.data
  return {
    answers: true,
    ready: state.status === 200,
    missing,
    mend,
    tookMs: state.tookMs,
    ...(log ? { log } : {}),
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function idOf(req: Request): string {
  const id = idSchema.safeParse(req.params['id'])
  if (!id.success) throw new Fault('not_found', 'not an id')
  return encodeURIComponent(id.data)
}

function pseudonymOf(req: Request): string {
  const id = pseudonymSchema.safeParse(req.params['id'])
  if (!id.success) throw new Fault('not_found', 'not a pseudonym')
  return id.data
}

/**
 * Reverse proxy for the page's requests to the PDPs, with the access token of the signed-in person. Read-only.
 *
 * @module
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Fault, ulidSchema } from '@mandate/protocol'
import { type Request, type Response, Router } from 'express'
import { cookieOf } from './middleware.ts'
import { overviewOf, readPages } from './overview.ts'
import type { PdpRequest, Pdps } from './pdps.ts'
import { CONSOLE_ROLES, rolesIn } from './roles.ts'
import type { Sessions } from './sessions.ts'
import { LOG_PLACE } from './sign-in.ts'

const TIMEOUT_MS = 30_000
/** Response headers that are forwarded to the page. */
const FORWARDED_HEADERS = [
  'content-type',
  'content-disposition',
  'retry-after',
  'x-request-id',
  'x-total-count',
  'x-accel-buffering',
] as const

/** Dependencies of {@link relayRoutes}. */
export interface RelayDeps {
  readonly sessions: Sessions
  readonly pdps: Pdps
  /** Rules for a second factor ({@link hasSecondFactor}); a role is effective only with one. */
  readonly secondFactor: readonly string[]
  /** Trusted verifier keys of the logs, for the page. */
  readonly logKeys: readonly string[]
  /** Whether this server has a console, to which the page links for people with one of its roles. */
  readonly hasConsole: boolean
}

/** A request to a PDP in the name of the session's person. @throws Fault `unauthenticated` without a session. */
async function requestOf(sessions: Sessions, req: Request, signal: AbortSignal): Promise<PdpRequest> {
  const token = await sessions.accessOf(cookieOf(req, LOG_PLACE.sessionCookie))
  const lastEvent = req.get('last-event-id')
  const headers = {
    authorization: `Bearer ${token}`,
    accept: req.get('accept') ?? '*/*',
    ...(lastEvent ? { 'last-event-id': lastEvent } : {}),
  }
  return { headers, signal }
}

/**
 * Routes whose answers are passed on as the PDP gives them. `isStream`: without a deadline, until the browser disconnects. `isOfLog`: answered only by the
 * PDP that writes the entry's log.
 */
const RELAYED: readonly {
  readonly route: string
  readonly path: (req: Request) => string
  readonly isStream?: true
  readonly isOfLog?: true
}[] = [
  { route: '/domains', path: () => '/v1/domains' },
  { route: '/decisions', path: (req) => `/v1/decisions${queryOf(req)}` },
  { route: '/export', path: (req) => `/v1/decisions/export${queryOf(req)}`, isStream: true },
  { route: '/stream', path: (req) => `/v1/decisions/stream${queryOf(req)}`, isStream: true },
  { route: '/decisions/:id', path: (req) => `/v1/decisions/${idOf(req)}` },
  { route: '/decisions/:id/proof', path: (req) => `/v1/decisions/${idOf(req)}/proof`, isOfLog: true },
  { route: '/decisions/:id/replay', path: (req) => `/v1/decisions/${idOf(req)}/replay` },
]

/** Routes below `/api`. */
export function relayRoutes({ sessions, pdps, secondFactor, logKeys, hasConsole }: RelayDeps): Router {
  const router = Router()
  router.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/session', async (req, res) => {
    const token = await sessions.accessOrNone(cookieOf(req, LOG_PLACE.sessionCookie))
    if (token === undefined) return void res.json({ signed_in: false })
    const roles = rolesIn(token, secondFactor)
    const isOfConsole = hasConsole && CONSOLE_ROLES.some((role) => roles.includes(role))
    res.json({ signed_in: true, auditor: roles.includes('auditor'), console: isOfConsole, keys: logKeys })
  })
  router.get('/overview', async (req, res) => {
    const signal = AbortSignal.any([disconnectSignal(res), AbortSignal.timeout(TIMEOUT_MS)])
    // The request is made for each page: the access token may be renewed between two of them.
    const ask = async (path: string) => pdps.any(path, await requestOf(sessions, req, signal))
    const pages = readPages(ask, queryOf(req))
    const first = await pages.next()
    if (first.done) return send(first.value, res)
    res.json(await overviewOf(first.value, pages))
  })
  router.get('/logs', async (req, res) => {
    const checkpoints = await pdps.each('/log/checkpoint', await requestOf(sessions, req, disconnectSignal(res)))
    res.json({ logs: checkpoints.map((checkpoint) => ({ checkpoint })) })
  })
  for (const { route, path, isStream = false, isOfLog = false } of RELAYED)
    router.get(route, async (req, res) => {
      const gone = disconnectSignal(res)
      const signal = isStream ? gone : AbortSignal.any([gone, AbortSignal.timeout(TIMEOUT_MS)])
      const request = await requestOf(sessions, req, signal)
      await send(await (isOfLog ? pdps.owner : pdps.any)(path(req), request), res)
    })
  return router
}

/** Passes an answer on: status, body and {@link FORWARDED_HEADERS}. */
export async function send(answer: globalThis.Response, res: Response): Promise<void> {
  res.status(answer.status)
  for (const name of FORWARDED_HEADERS) {
    const value = answer.headers.get(name)
    if (value !== null) res.set(name, value)
  }
  res.flushHeaders()
  if (!answer.body) return void res.end()
  // The browser disconnected, or the PDP ended mid-response: close the connection, since the status was sent already.
  await pipeline(Readable.fromWeb(answer.body), res).catch(() => res.destroy())
}

/** Aborts when the browser disconnects, so that the request to the PDP ends. */
export function disconnectSignal(res: Response): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  return gone.signal
}

function idOf(req: Request): string {
  const id = ulidSchema.safeParse(req.params['id'])
  if (!id.success) throw new Fault('not_found', 'not a decision id')
  return id.data
}

/** The query string, unchanged: the PDP validates it. */
export function queryOf(req: Request): string {
  const at = req.originalUrl.indexOf('?')
  return at < 0 ? '' : req.originalUrl.slice(at)
}

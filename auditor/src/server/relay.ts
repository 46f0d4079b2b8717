/**
 * Reverse proxy for the page's requests to the PDP, with the access token of the signed-in person. Read-only.
 *
 * @module
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Fault, ulidSchema } from '@mandate/protocol'
import { type Request, type Response, Router } from 'express'
import { cookieOf } from './middleware.ts'
import { overviewOf, readPages } from './overview.ts'
import { rolesIn } from './roles.ts'
import type { Sessions } from './sessions.ts'
import { SESSION_COOKIE } from './sign-in.ts'

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
  readonly pdpUrl: string
  /** Rules for a second factor ({@link hasSecondFactor}); a role is effective only with one. */
  readonly secondFactor: readonly string[]
  /** Trusted verifier keys of the log, for the page. */
  readonly logKeys: readonly string[]
  /** Fetch with the client's TLS settings. */
  readonly fetch: typeof fetch
}

/** Asks the PDP in the name of the session's person. @throws Fault `unauthenticated` without a session, `decision_unavailable` without an answer. */
async function askPdp(
  { sessions, pdpUrl, fetch }: RelayDeps,
  req: Request,
  path: string,
  signal: AbortSignal,
): Promise<globalThis.Response> {
  const token = await sessions.accessOf(cookieOf(req, SESSION_COOKIE))
  const lastEvent = req.get('last-event-id')
  const headers = {
    authorization: `Bearer ${token}`,
    accept: req.get('accept') ?? '*/*',
    ...(lastEvent ? { 'last-event-id': lastEvent } : {}),
  }
  try {
    return await fetch(pdpUrl + path, { headers, redirect: 'error', signal })
  } catch (cause) {
    throw new Fault('decision_unavailable', 'the PDP does not answer', { cause })
  }
}

/** Routes whose answers are passed on as the PDP gives them. `isStream`: without a deadline, until the reader has gone. */
const RELAYED: readonly {
  readonly route: string
  readonly path: (req: Request) => string
  readonly isStream?: true
}[] = [
  { route: '/domains', path: () => '/v1/domains' },
  { route: '/decisions', path: (req) => `/v1/decisions${queryOf(req)}` },
  { route: '/export', path: (req) => `/v1/decisions/export${queryOf(req)}`, isStream: true },
  { route: '/stream', path: (req) => `/v1/decisions/stream${queryOf(req)}`, isStream: true },
  { route: '/decisions/:id', path: (req) => `/v1/decisions/${idOf(req)}` },
  { route: '/decisions/:id/proof', path: (req) => `/v1/decisions/${idOf(req)}/proof` },
  { route: '/decisions/:id/replay', path: (req) => `/v1/decisions/${idOf(req)}/replay` },
  { route: '/checkpoint', path: () => '/log/checkpoint' },
]

/** Routes below `/api`. */
export function relayRoutes(deps: RelayDeps): Router {
  const { sessions, secondFactor, logKeys } = deps
  const router = Router()
  router.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/session', async (req, res) => {
    const token = await sessions.accessOf(cookieOf(req, SESSION_COOKIE))
    res.json({ auditor: rolesIn(token, secondFactor).includes('auditor'), keys: logKeys })
  })
  router.get('/overview', async (req, res) => {
    const signal = AbortSignal.any([disconnectSignal(res), AbortSignal.timeout(TIMEOUT_MS)])
    const pages = readPages((path) => askPdp(deps, req, path, signal), queryOf(req))
    const first = await pages.next()
    if (first.done) return send(first.value, res)
    res.json(await overviewOf(first.value, pages))
  })
  for (const { route, path, isStream = false } of RELAYED)
    router.get(route, async (req, res) => {
      const gone = disconnectSignal(res)
      const signal = isStream ? gone : AbortSignal.any([gone, AbortSignal.timeout(TIMEOUT_MS)])
      await send(await askPdp(deps, req, path(req), signal), res)
    })
  return router
}

async function send(answer: globalThis.Response, res: Response): Promise<void> {
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
function disconnectSignal(res: Response): AbortSignal {
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
function queryOf(req: Request): string {
  const at = req.originalUrl.indexOf('?')
  return at < 0 ? '' : req.originalUrl.slice(at)
}

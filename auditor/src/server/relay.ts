/**
 * What the page asks, put to the PDP in the name of whoever is signed in, and the answer handed on as it comes. Reads only.
 *
 * @module
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Fault, ulidSchema } from '@mandate/protocol'
import { type Request, type Response, Router } from 'express'
import { cookieOf } from './doors.ts'
import { overviewOf, readPages } from './overview.ts'
import { rolesIn } from './roles.ts'
import type { Sessions } from './sessions.ts'
import { SESSION_COOKIE } from './sign-in.ts'

const TIMEOUT_MS = 30_000
/** Of an answer, these reach the page. */
const HANDED_ON = [
  'content-type',
  'content-disposition',
  'retry-after',
  'x-request-id',
  'x-total-count',
  'x-accel-buffering',
] as const

export interface RelayDeps {
  readonly sessions: Sessions
  readonly pdpUrl: string
  /** What says that a second factor was used; roles count only then. */
  readonly secondFactor: readonly string[]
  /** Verifier keys that the page pins. */
  readonly logKeys: readonly string[]
  /** Reaches the PDP. */
  readonly fetch: typeof fetch
}

export function relayRoutes({ sessions, pdpUrl, secondFactor, logKeys, fetch }: RelayDeps): Router {
  const router = Router()
  const ask = async (req: Request, path: string, signal: AbortSignal): Promise<globalThis.Response> => {
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
  const handOn = (path: (req: Request) => string, isEndless = false) => {
    return async (req: Request, res: Response): Promise<void> => {
      const gone = goneSignal(res)
      const signal = isEndless ? gone : AbortSignal.any([gone, AbortSignal.timeout(TIMEOUT_MS)])
      await send(await ask(req, path(req), signal), res)
    }
  }
  router.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/session', async (req, res) => {
    const token = await sessions.accessOf(cookieOf(req, SESSION_COOKIE))
    res.json({ auditor: rolesIn(token, secondFactor).includes('auditor'), keys: logKeys })
  })
  router.get('/overview', async (req, res) => {
    const signal = AbortSignal.any([goneSignal(res), AbortSignal.timeout(TIMEOUT_MS)])
    const pages = readPages((path) => ask(req, path, signal), queryOf(req))
    const first = await pages.next()
    if (first.done) return send(first.value, res)
    res.json(await overviewOf(first.value, pages))
  })
  router.get(
    '/domains',
    handOn(() => '/v1/domains'),
  )
  router.get(
    '/decisions',
    handOn((req) => `/v1/decisions${queryOf(req)}`),
  )
  router.get(
    '/export',
    handOn((req) => `/v1/decisions/export${queryOf(req)}`, true),
  )
  router.get(
    '/stream',
    handOn((req) => `/v1/decisions/stream${queryOf(req)}`, true),
  )
  router.get(
    '/decisions/:id',
    handOn((req) => `/v1/decisions/${idOf(req)}`),
  )
  router.get(
    '/decisions/:id/proof',
    handOn((req) => `/v1/decisions/${idOf(req)}/proof`),
  )
  router.get(
    '/decisions/:id/replay',
    handOn((req) => `/v1/decisions/${idOf(req)}/replay`),
  )
  router.get(
    '/checkpoint',
    handOn(() => '/log/checkpoint'),
  )
  return router
}

async function send(answer: globalThis.Response, res: Response): Promise<void> {
  res.status(answer.status)
  for (const name of HANDED_ON) {
    const value = answer.headers.get(name)
    if (value !== null) res.set(name, value)
  }
  res.flushHeaders()
  if (!answer.body) return void res.end()
  // A reader that leaves, or a PDP that ends amid a stream: the connection says so, there is nobody to tell otherwise.
  await pipeline(Readable.fromWeb(answer.body), res).catch(() => res.destroy())
}

/** Fires when the browser is gone: nothing goes on being read for it. */
function goneSignal(res: Response): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  return gone.signal
}

function idOf(req: Request): string {
  const id = ulidSchema.safeParse(req.params['id'])
  if (!id.success) throw new Fault('not_found', 'no decision id')
  return id.data
}

/** The query string as it came, which the PDP judges. */
function queryOf(req: Request): string {
  const at = req.originalUrl.indexOf('?')
  return at < 0 ? '' : req.originalUrl.slice(at)
}

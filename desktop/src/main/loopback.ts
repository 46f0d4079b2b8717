/**
 * Loopback listener for the authorization response (RFC 8252, section 7.3), and the final page in the browser.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { PERMISSIONS_POLICY, requestTimeouts } from '@mandate/protocol'

export interface Loopback {
  /** The registered redirect URI with the port of this listener. */
  readonly redirectUri: string
  /** The first response with the right `state`. Never rejects. */
  readonly answered: Promise<URL>
  readonly close: () => Promise<void>
}

const PATH = '/callback'
/** Concurrent connections; a browser opens a few. */
const MAX_CONNECTIONS = 32
/** A request is a few lines, and comes at once. */
const TIMEOUTS = { headersWithinMs: 5_000, requestWithinMs: 5_000 } as const
/** `color-scheme` is on the root: on `body` it does not reach the page's background. */
const STYLE =
  ':root{color-scheme:light dark}body{font:18px/1.5 system-ui,sans-serif;margin:20vh auto;max-width:32em;padding:0 1em;text-align:center}'
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  'permissions-policy': PERMISSIONS_POLICY,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  connection: 'close',
} as const

/**
 * Listens on a free port of 127.0.0.1. Ignores responses without the right `state`, so that another page in the browser can neither end nor
 * replace the sign-in.
 */
export async function listenOnLoopback(state: string): Promise<Loopback> {
  const { promise: answered, resolve } = Promise.withResolvers<URL>()
  let origin = ''
  const limits = { ...requestTimeouts(TIMEOUTS), maxHeaderSize: 16_384 }
  const server = createServer(limits, (req, res) => {
    const url = answerOf(req, origin, state)
    if (!url) return page(res, 404, 'Nothing here', 'This address only takes the answer to a sign-in.')
    const refused = url.searchParams.has('error')
    if (refused) page(res, 200, 'You are not signed in', 'You can close this window and try again in Mandate.')
    else page(res, 200, 'You are signed in', 'You can close this window and go back to Mandate.')
    return resolve(url)
  })
  evictOldestConnection(server)
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the listener has no port')
  origin = `http://127.0.0.1:${address.port}`
  const close = () =>
    new Promise<void>((done) => {
      server.close(() => done())
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), 1_000).unref()
    })
  return { redirectUri: origin + PATH, answered, close }
}

/** Closes the oldest connection when there are too many, so that another local process cannot block the browser. */
function evictOldestConnection(server: Server): void {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    const [oldest] = open
    if (open.size > MAX_CONNECTIONS) oldest?.destroy()
  })
}

/** Requires our own `Host`, which prevents DNS rebinding. */
function answerOf({ method, url, headers }: IncomingMessage, origin: string, state: string): URL | undefined {
  if (method !== 'GET' || `http://${headers.host}` !== origin || !url?.startsWith('/')) return undefined
  const asked = URL.parse(url, origin)
  if (asked?.pathname !== PATH || asked.origin !== origin) return undefined
  const states = asked.searchParams.getAll('state')
  return states.length === 1 && states[0] === state ? asked : undefined
}

function page(res: ServerResponse, status: number, title: string, text: string): void {
  res
    .writeHead(status, HEADERS)
    .end(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style><h1>${title}</h1><p>${text}</p></html>`,
    )
}

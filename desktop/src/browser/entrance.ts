/**
 * Who may speak to the development host: the browser that followed its link, from its own page. The link works once, and is worth a cookie that no script
 * reads and no other site sends.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

export interface Entrance {
  /** A path that lets one browser in, once. */
  readonly link: () => string
  /** The cookie that the link is worth, for `Set-Cookie`. `undefined`: no link of ours, or used. */
  readonly enter: (path: string) => string | undefined
  /** Whether a request may be answered at all. */
  readonly admits: (req: Pick<IncomingMessage, 'method' | 'headers'>) => boolean
  /** Whether it comes from a browser that was let in. */
  readonly knows: (req: Pick<IncomingMessage, 'headers'>) => boolean
}

const PREFIX = '/enter/'

/** `origin`: of the host itself, `http://127.0.0.1:<port>`. Cookies do not keep ports apart, so the cookie's name does. */
export function createEntrance(origin: string): Entrance {
  const { host, port } = new URL(origin)
  const name = `mandate-${port}`
  const links = new Set<string>()
  const known = new Set<string>()
  return {
    link: () => PREFIX + remembered(links),
    enter: (path) => {
      if (!path.startsWith(PREFIX) || !links.delete(digest(path.slice(PREFIX.length)))) return undefined
      return `${name}=${remembered(known)}; Path=/; HttpOnly; SameSite=Strict`
    },
    admits: ({ method = '', headers }) => headers.host === host && isOwnPage(method, headers, origin),
    knows: ({ headers }) => known.has(digest(cookieOf(headers, name))),
  }
}

/** Every browser of this decade says whose page asks. What does something also needs our own `Origin`. */
function isOwnPage(method: string, headers: IncomingHttpHeaders, origin: string): boolean {
  const site = headers['sec-fetch-site']
  if (method === 'GET') return site === undefined || site === 'same-origin' || site === 'none'
  return method === 'POST' && (site === undefined || site === 'same-origin') && headers.origin === origin
}

function remembered(secrets: Set<string>): string {
  const secret = randomBytes(32).toString('base64url')
  secrets.add(digest(secret))
  return secret
}

/** Looked up by their hash: how long that takes tells nothing of the secret. */
function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

function cookieOf({ cookie = '' }: IncomingHttpHeaders, name: string): string {
  for (const pair of cookie.split(';')) {
    const [key, value] = pair.trim().split('=')
    if (key === name && value) return value
  }
  return ''
}

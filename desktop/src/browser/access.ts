/**
 * Access control of the development host. A link works once and sets an HttpOnly, SameSite cookie; requests need the cookie and must come from the
 * host's own page.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

export interface Access {
  /** Makes a path that admits one browser, once. */
  readonly link: () => string
  /** Redeems a link. @returns The `Set-Cookie` value; `undefined` for an unknown or used link. */
  readonly redeemLink: (path: string) => string | undefined
  /** Whether host and origin of a request are our own. */
  readonly admits: (req: Pick<IncomingMessage, 'method' | 'headers'>) => boolean
  /** Whether a request has a valid cookie. */
  readonly knows: (req: Pick<IncomingMessage, 'headers'>) => boolean
}

const PREFIX = '/enter/'

/** `origin`: `http://127.0.0.1:<port>`. The port is in the cookie's name, since cookies do not distinguish ports. */
export function createAccess(origin: string): Access {
  const { host, port } = new URL(origin)
  const name = `mandate-${port}`
  const links = new Set<string>()
  const known = new Set<string>()
  return {
    link: () => PREFIX + createSecret(links),
    redeemLink: (path) => {
      if (!path.startsWith(PREFIX) || !links.delete(digest(path.slice(PREFIX.length)))) return undefined
      return `${name}=${createSecret(known)}; Path=/; HttpOnly; SameSite=Strict`
    },
    admits: ({ method = '', headers }) => headers.host === host && isOwnPage(method, headers, origin),
    knows: ({ headers }) => known.has(digest(cookieOf(headers, name))),
  }
}

/** Checks `Sec-Fetch-Site`, and for POST also `Origin`. */
function isOwnPage(method: string, headers: IncomingHttpHeaders, origin: string): boolean {
  const site = headers['sec-fetch-site']
  if (method === 'GET') return site === undefined || site === 'same-origin' || site === 'none'
  return method === 'POST' && (site === undefined || site === 'same-origin') && headers.origin === origin
}

function createSecret(secrets: Set<string>): string {
  const secret = randomBytes(32).toString('base64url')
  secrets.add(digest(secret))
  return secret
}

/** Secrets are looked up by hash, so that timing reveals nothing of them. */
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

/**
 * The `app://mandate/` scheme that serves the built page. A custom scheme, since `file:` could read the whole disk.
 *
 * @module
 */
import type { CustomScheme } from 'electron'
import { type PageFiles, pageHeaders } from './page.ts'

/** The origin of the page; the content security policy's `'self'`. */
export const ORIGIN = 'app://mandate'

/** Must be registered before the app is ready. `standard` and `secure` give it an origin, which `'self'` in the CSP refers to. */
export const SCHEME: CustomScheme = {
  scheme: 'app',
  privileges: { standard: true, secure: true, supportFetchAPI: true, bypassCSP: false, allowServiceWorkers: false },
}

/** Request handler of the scheme: 404 for everything that is not a file of the page. */
export function servePage(files: PageFiles): (request: Pick<Request, 'url' | 'method'>) => Response {
  const headers = pageHeaders('nowhere')
  return ({ url, method }) => {
    const asked = method === 'GET' ? URL.parse(url) : null
    const file = asked !== null && isOwn(asked) && asked.search === '' ? files.get(asked.pathname) : undefined
    if (!file) return new Response(undefined, { status: 404, headers })
    return new Response(file.bytes, { headers: { ...headers, 'content-type': file.type } })
  }
}

/** Whether a URL has our origin. Compares parts, since `URL#origin` is opaque for custom schemes. */
export function isOwn({ protocol, host, username, password }: URL): boolean {
  return `${protocol}//${host}` === ORIGIN && username === '' && password === ''
}

/**
 * `app://mandate/`: where the window finds the built page. A scheme of our own, since `file:` may read the whole disk.
 *
 * @module
 */
import type { CustomScheme } from 'electron'
import { type PageFiles, pageHeaders } from './page.ts'

export const ORIGIN = 'app://mandate'

/** To be registered before the app is ready. `standard` and `secure` give it an origin, which the policy's `'self'` is. */
export const SCHEME: CustomScheme = {
  scheme: 'app',
  privileges: { standard: true, secure: true, supportFetchAPI: true, bypassCSP: false, allowServiceWorkers: false },
}

/** Answers what the window asks for. What is not exactly a file of the page's is not there. */
export function servePage(files: PageFiles): (request: Pick<Request, 'url' | 'method'>) => Response {
  const headers = pageHeaders('nowhere')
  return ({ url, method }) => {
    const asked = method === 'GET' ? URL.parse(url) : null
    const file = asked !== null && isOwn(asked) && asked.search === '' ? files.get(asked.pathname) : undefined
    if (!file) return new Response(undefined, { status: 404, headers })
    return new Response(file.bytes, { headers: { ...headers, 'content-type': file.type } })
  }
}

/** `URL#origin` is opaque for a scheme of our own. */
export function isOwn({ protocol, host, username, password }: URL): boolean {
  return `${protocol}//${host}` === ORIGIN && username === '' && password === ''
}

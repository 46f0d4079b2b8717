/**
 * Where a browser is sent inside our own pages.
 *
 * @module
 */

const ORIGIN = 'https://own.invalid'
/** In characters: with what is sealed beside it, it must fit into a cookie of 4,096 bytes. */
const MAX_LENGTH = 2_000

/**
 * A path of ours to come back to; `/` for anything else. What is checked is the path that is sent, as a browser will read it: `/.//evil.example`
 * is a path of ours when it is asked for, and becomes `//evil.example`, another site's address.
 */
export function ownPath(to: unknown): string {
  const asked = typeof to === 'string' && to.startsWith('/') ? URL.parse(to, ORIGIN) : null
  if (asked?.origin !== ORIGIN) return '/'
  const path = asked.pathname + asked.search
  const sent = URL.parse(path, ORIGIN)
  const isOwn = sent?.origin === ORIGIN && sent.pathname === asked.pathname && !path.startsWith('//')
  return isOwn && path.length <= MAX_LENGTH ? path : '/'
}

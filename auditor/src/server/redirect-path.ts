/**
 * Validation of the redirect target after sign-in (open redirect protection). Pure.
 *
 * @module
 */

const ORIGIN = 'https://own.invalid'
/** In characters. The path is stored in the sign-in cookie, which is limited to 4,096 bytes. */
const MAX_LENGTH = 2_000

/**
 * Returns the path if it is on this origin, and `home` otherwise. The normalized path is checked as a browser would interpret it: `/.//evil.example` is on this
 * origin as given, but is normalized to `//evil.example`, a URL of another site.
 */
export function safeRedirectPath(to: unknown, home = '/'): string {
  const asked = typeof to === 'string' && to.startsWith('/') ? URL.parse(to, ORIGIN) : null
  if (asked?.origin !== ORIGIN) return home
  const path = asked.pathname + asked.search
  const sent = URL.parse(path, ORIGIN)
  const isOwn = sent?.origin === ORIGIN && sent.pathname === asked.pathname && !path.startsWith('//')
  return isOwn && path.length <= MAX_LENGTH ? path : home
}

/**
 * URLs as identifiers. The identifier of an issuer, a PDP or a resource server is compared character by character, so it is stored exactly as
 * configured: a trailing slash is dropped only where a path is appended. Pure.
 *
 * @module
 */

/**
 * Appends a path to a base URL, without a double slash.
 *
 * @param base - With or without trailing slashes.
 * @param path - Begins with a slash; empty to drop the trailing slashes only.
 * @example joinUrl('https://idp.example/realms/m/', '/token') // 'https://idp.example/realms/m/token'
 */
export function joinUrl(base: string, path: string): string {
  return base.replace(/\/+$/u, '') + path
}

/** The path of an identifier URL, without trailing slashes: `/realms/m`. Empty for a bare origin, and for a text that is not an http(s) URL. */
export function identifierPath(identifier: string): string {
  return /^https?:\/\/[^/?#]+(?<path>[^?#]*)/u.exec(identifier)?.groups?.['path']?.replace(/\/+$/u, '') ?? ''
}

/**
 * The URL of an identifier's metadata: `/.well-known/<name>` is inserted between the host and the path.
 *
 * @param name - Registered name, such as `authzen-configuration`.
 * @example wellKnownUrl('https://pdp.example/eu', 'x') // 'https://pdp.example/.well-known/x/eu'
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414.html#section-3.1 RFC 8414, section 3.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728.html#section-3.1 RFC 9728, section 3.1}
 * @see {@link https://openid.net/specs/authorization-api-1_0.html AuthZEN 1.0, section 9.2.1}
 */
export function wellKnownUrl(identifier: string, name: string): string {
  const origin = /^https?:\/\/[^/?#]+/u.exec(identifier)?.[0] ?? ''
  return `${origin}/.well-known/${name}${identifierPath(identifier)}`
}

/**
 * URLs as addresses and as identifiers. An identifier (an issuer, a PDP, a resource server) is compared character by character and kept as it
 * was given. Only where a path is added to one does a slash at its end make no difference.
 *
 * @module
 */

/** @param path - Begins with a slash. */
export function joinUrl(base: string, path: string): string {
  return base.replace(/\/+$/u, '') + path
}

/** The path of an identifier without a slash at its end; empty for an origin alone. */
export function identifierPath(identifier: string): string {
  return /^https?:\/\/[^/?#]+(?<path>[^?#]*)/u.exec(identifier)?.groups?.['path']?.replace(/\/+$/u, '') ?? ''
}

/**
 * Where the metadata of an identifier are: the well-known name stands between the host and the path (RFC 8414, section 3.1; RFC 9728, section 3.1;
 * AuthZEN 1.0, section 9.2.1).
 *
 * @param name - Such as `authzen-configuration`.
 */
export function wellKnownUrl(identifier: string, name: string): string {
  const origin = /^https?:\/\/[^/?#]+/u.exec(identifier)?.[0] ?? ''
  return `${origin}/.well-known/${name}${identifierPath(identifier)}`
}

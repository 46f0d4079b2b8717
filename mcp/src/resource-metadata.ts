/**
 * Protected resource metadata of an MCP server: where its clients get tokens.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728.html RFC 9728}
 * @see {@link https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/authorization-server-discovery MCP authorization}
 * @module
 */
import { Fault, identifierPath, joinUrl, wellKnownUrl } from '@mandate/protocol'
import type { RequestHandler } from 'express'

const NAME = 'oauth-protected-resource'
const PREFIX = `/.well-known/${NAME}`

/** Options of {@link protectedResource}. */
export interface ProtectedResourceOptions {
  /**
   * Base URL at which clients reach the service. Never taken from a request's `Host`, which the sender controls. A function where it is known only
   * once the service listens; empty until then, unless it has a path.
   */
  readonly baseUrl: string | (() => string)
  /** Path of the MCP endpoint. @default '/mcp' */
  readonly path?: string
  /** Further endpoints below that path, as Express writes them, such as `/folders/:id`. */
  readonly below?: readonly string[]
  /** Issuers whose tokens the service takes. */
  readonly authorizationServers: readonly string[]
  /** Scopes that a client should ask for. */
  readonly scopes: readonly string[]
}

/** Metadata of one MCP server. */
export interface ProtectedResource {
  /** Every path at which the specification lets clients look: the well-known prefix with the endpoint's path inserted behind it, and at the root. */
  readonly paths: readonly string[]
  /** Public route handler for {@link paths}; mount it before `pep.authenticate()` and behind `pep.open('…')`. */
  readonly handler: RequestHandler
  /** The document at one of these paths, for frameworks other than Express. @returns `undefined` for another path. */
  readonly documentAt: (pathname: string) => Readonly<Record<string, unknown>> | undefined
  /** URL of the metadata, for `resource_metadata` in challenges: the PEP's option `challenge.resourceMetadata`. */
  readonly url: () => string
}

/** Describes an MCP server to clients that look for its authorization server. */
export function protectedResource(options: ProtectedResourceOptions): ProtectedResource {
  const { path = '/mcp', below = [], authorizationServers, scopes } = options
  const baseUrl = (): string => (typeof options.baseUrl === 'string' ? options.baseUrl : options.baseUrl())
  const endpoints = [path, ...below.map((one) => path + one)]
  // allowed: regexp: paths of the service's own routes, from its code.
  const patterns = endpoints.map((one) => new RegExp(`^${one.replaceAll(/:\w+/gu, '[^/]+')}$`, 'u'))
  const documentAt = (pathname: string): Readonly<Record<string, unknown>> | undefined => {
    if (pathname !== PREFIX && !pathname.startsWith(`${PREFIX}/`)) return undefined
    const inserted = withoutBase(pathname.slice(PREFIX.length), identifierPath(baseUrl()))
    const endpoint = inserted === '' ? path : inserted
    if (!patterns.some((pattern) => pattern.test(endpoint))) return undefined
    return {
      resource: joinUrl(baseUrl(), endpoint),
      authorization_servers: authorizationServers,
      scopes_supported: scopes,
      bearer_methods_supported: ['header'],
    }
  }
  const base = identifierPath(baseUrl())
  return {
    paths: [...new Set([PREFIX, ...endpoints.flatMap((one) => [PREFIX + one, PREFIX + base + one])])],
    handler: (req, res) => {
      const document = documentAt(req.path)
      if (document === undefined) throw new Fault('not_found', 'no MCP endpoint at this path')
      res.json(document)
    },
    documentAt,
    url: () => wellKnownUrl(joinUrl(baseUrl(), path), NAME),
  }
}

/** A proxy may pass the path of the public base URL on, or take it away. */
function withoutBase(path: string, base: string): string {
  return base !== '' && (path === base || path.startsWith(`${base}/`)) ? path.slice(base.length) : path
}

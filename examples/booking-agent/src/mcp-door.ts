/**
 * The door of the MCP server: what the MCP authorization specification asks of an HTTP server besides a bearer token for it alone.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization MCP authorization}
 * @module
 */
import { Fault, identifierPath, joinUrl, wellKnownUrl } from '@mandate/protocol'
import type { RequestHandler } from 'express'

const NAME = 'oauth-protected-resource'

/** Where a client without a token learns whom to ask for one (RFC 9728): below the well-known name stands the path of the resource. */
export const resourceMetadataPaths = (publicUrl: string): string[] => [
  ...new Set([`/.well-known/${NAME}/mcp`, `/.well-known/${NAME}${identifierPath(publicUrl)}/mcp`]),
]
/** In any spelling: which of them is a route is the router's to say. */
const MCP = /^\/mcp\//iu

export interface ProtectedResource {
  readonly issuer: string
  /** Where clients reach the agent. Never what a request's `Host` says: whoever sends it would choose. Empty until it is known. */
  readonly publicUrl: () => string
}

/** No page of a browser speaks to this server (DNS rebinding). It stands on the route itself: no spelling of a path goes round it. */
export const noPages: RequestHandler = (req, _res, next) => {
  if (req.get('Origin') !== undefined) throw new Fault('forbidden', 'a page of a browser asks')
  next()
}

/** Says in every 401 where the metadata are. */
export function challengesWithMetadata(deps: ProtectedResource): RequestHandler {
  return (req, res, next) => {
    if (!MCP.test(req.path)) return next()
    const setHeader = res.setHeader.bind(res)
    res.setHeader = (name, value) => {
      const isChallenge = name.toLowerCase() === 'www-authenticate'
      const metadata = `resource_metadata="${wellKnownUrl(resourceOf(deps), NAME)}"`
      return setHeader(name, isChallenge ? `${String(value)}, ${metadata}` : value)
    }
    return next()
  }
}

export function resourceMetadata(deps: ProtectedResource): RequestHandler {
  return (_req, res) => {
    res.json({
      resource: resourceOf(deps),
      authorization_servers: [deps.issuer],
      scopes_supported: ['booking-agent'],
      bearer_methods_supported: ['header'],
    })
  }
}

function resourceOf({ publicUrl }: ProtectedResource): string {
  return joinUrl(publicUrl(), '/mcp')
}

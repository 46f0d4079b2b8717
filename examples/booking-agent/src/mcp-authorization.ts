/**
 * Middleware of the MCP server that the MCP authorization specification requires in addition to audience-bound bearer tokens: protected resource
 * metadata (RFC 9728) and a check of `Origin`.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization MCP authorization}
 * @module
 */
import { Fault, identifierPath, joinUrl, wellKnownUrl } from '@mandate/protocol'
import type { RequestHandler } from 'express'

const NAME = 'oauth-protected-resource'

/** Paths of the protected resource metadata (RFC 9728), which name the authorization server: the well-known prefix, then the resource's path. */
export const resourceMetadataPaths = (publicUrl: string): string[] => [
  ...new Set([`/.well-known/${NAME}/mcp`, `/.well-known/${NAME}${identifierPath(publicUrl)}/mcp`]),
]
/** Matches in any case: paths that the router does not serve get the same challenge. */
const MCP = /^\/mcp\//iu

export interface ProtectedResource {
  readonly issuer: string
  /** Base URL at which clients reach the agent; empty until the listener runs. Never taken from a request's `Host`, which the sender controls. */
  readonly publicUrl: () => string
}

/** Rejects requests from web pages, against DNS rebinding. Mounted on the route itself, so that no spelling of the path bypasses it. */
export const rejectBrowserOrigin: RequestHandler = (req, _res, next) => {
  if (req.get('Origin') !== undefined) throw new Fault('forbidden', 'requests from a web page are not accepted')
  next()
}

/** Adds `resource_metadata` to every `WWW-Authenticate` challenge of an MCP path. */
export function addMetadataToChallenges(deps: ProtectedResource): RequestHandler {
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

/** Responds with the protected resource metadata. */
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

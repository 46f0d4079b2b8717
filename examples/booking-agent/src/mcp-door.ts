/**
 * The door of the MCP server: what the MCP authorization specification asks of an HTTP server besides a bearer token for it alone.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization MCP authorization}
 * @module
 */
import { below, Fault, pathOf, wellKnownUrl } from '@mandate/protocol'
import type { Request, RequestHandler } from 'express'

const NAME = 'oauth-protected-resource'

/** Where a client without a token learns whom to ask for one (RFC 9728): below the well-known name stands the path of the resource. */
export const resourceMetadataPaths = (publicUrl: string | undefined): string[] => [
  ...new Set([`/.well-known/${NAME}/mcp`, `/.well-known/${NAME}${pathOf(publicUrl ?? '')}/mcp`]),
]
const MCP = '/mcp/'

export interface ProtectedResource {
  readonly issuer: string
  /** Where clients reach the agent; as the request says when absent. */
  readonly publicUrl: string | undefined
}

/** Refuses browsers' pages (DNS rebinding), and says in every 401 where the metadata are. */
export function mcpDoor({ publicUrl }: ProtectedResource): RequestHandler {
  return (req, res, next) => {
    if (!req.path.startsWith(MCP)) return next()
    if (req.get('Origin') !== undefined) throw new Fault('forbidden', 'no page of a browser speaks to this server')
    const setHeader = res.setHeader.bind(res)
    const metadata = `resource_metadata="${wellKnownUrl(resourceOf(req, publicUrl), NAME)}"`
    res.setHeader = (name, value) => {
      const challenge = name.toLowerCase() === 'www-authenticate'
      return setHeader(name, challenge ? `${String(value)}, ${metadata}` : value)
    }
    return next()
  }
}

export function resourceMetadata({ issuer, publicUrl }: ProtectedResource): RequestHandler {
  return (req, res) => {
    res.json({
      resource: resourceOf(req, publicUrl),
      authorization_servers: [issuer],
      scopes_supported: ['booking-agent'],
      bearer_methods_supported: ['header'],
    })
  }
}

function resourceOf(req: Request, publicUrl: string | undefined): string {
  return below(publicUrl ?? `${req.protocol}://${req.get('Host')}`, '/mcp')
}

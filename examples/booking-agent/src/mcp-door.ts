/**
 * The door of the MCP server: what the MCP authorization specification asks of an HTTP server besides a bearer token for it alone.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization MCP authorization}
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { Request, RequestHandler } from 'express'

/** Where a client without a token learns whom to ask for one (RFC 9728). */
export const RESOURCE_METADATA = '/.well-known/oauth-protected-resource/mcp'
const MCP = '/mcp/'

export interface ProtectedResource {
  readonly issuer: string
  /** Where clients reach the agent, without a trailing slash; as the request says when absent. */
  readonly publicUrl: string | undefined
}

/** Refuses browsers' pages (DNS rebinding), and says in every 401 where the metadata are. */
export function mcpDoor({ publicUrl }: ProtectedResource): RequestHandler {
  return (req, res, next) => {
    if (!req.path.startsWith(MCP)) return next()
    if (req.get('Origin') !== undefined) throw new Fault('forbidden', 'no page of a browser speaks to this server')
    const setHeader = res.setHeader.bind(res)
    const metadata = `resource_metadata="${baseOf(req, publicUrl)}${RESOURCE_METADATA}"`
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
      resource: `${baseOf(req, publicUrl)}/mcp`,
      authorization_servers: [issuer],
      scopes_supported: ['booking-agent'],
      bearer_methods_supported: ['header'],
    })
  }
}

function baseOf(req: Request, publicUrl: string | undefined): string {
  return publicUrl ?? `${req.protocol}://${req.get('Host')}`
}

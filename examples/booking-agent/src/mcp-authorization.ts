/**
 * Challenges of the agent's MCP endpoints: where a client finds the issuer, and which scope it asks for. The address is known only once the agent listens,
 * so the enforcement point cannot have it.
 *
 * @see {@link https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization MCP authorization}
 * @module
 */
import type { ProtectedResource } from '@mandate/mcp'
import type { RequestHandler } from 'express'

/** Matches in any case: paths that the router does not serve get the same challenge. */
const MCP = /^\/mcp\//iu

/** Adds `scope` and `resource_metadata` to every `WWW-Authenticate` challenge of an MCP path. */
export function addMetadataToChallenges(resource: ProtectedResource, scope: string): RequestHandler {
  return (req, res, next) => {
    if (!MCP.test(req.path)) return next()
    const setHeader = res.setHeader.bind(res)
    res.setHeader = (name, value) => {
      const isChallenge = name.toLowerCase() === 'www-authenticate'
      const parameters = `scope="${scope}", resource_metadata="${resource.url()}"`
      return setHeader(name, isChallenge ? `${String(value)}, ${parameters}` : value)
    }
    return next()
  }
}

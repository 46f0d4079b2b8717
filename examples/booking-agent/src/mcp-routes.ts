/**
 * The MCP server over Streamable HTTP, stateless: each request carries its token and is decided separately. The token's audience is this agent;
 * calls to trips use a token exchanged for it.
 *
 * @module
 */

import { refOf } from '@mandate/pep'
import { Fault, pathIdSchema, refuse } from '@mandate/protocol'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { type RequestHandler, Router } from 'express'
import { rejectBrowserOrigin } from './mcp-authorization.ts'
import { toolServer } from './mcp-tools.ts'
import { actingAs, personOf, type RoutesDeps } from './routes.ts'

export function mcpRoutes(deps: RoutesDeps): Router {
  const router = Router({ caseSensitive: true })
  const reason = deps.pep.open('trips decides each call of a tool')
  router.post('/mcp/workflows/:id', reason, rejectBrowserOrigin, rejectBatch, callTools(deps))
  router.all('/mcp/workflows/:id', reason, rejectBrowserOrigin, (_req, res) => {
    res.set('Allow', 'POST')
    throw new Fault('method_not_allowed', 'sessions and streams are not supported')
  })
  return router
}

/** Rejects JSON-RPC batches, which MCP has no longer since 2025-06-18: rate limits and decisions count one message a request. */
const rejectBatch: RequestHandler = (req, _res, next) => {
  if (Array.isArray(req.body))
    throw refuse('invalid_request', 'Send one JSON-RPC message per request: batches are not supported.')
  next()
}

function callTools(deps: RoutesDeps): RequestHandler {
  return async (req, res) => {
    const workflow = pathIdSchema.safeParse(req.params['id'])
    if (!workflow.success) throw refuse('invalid_request', 'The trip id is not valid.')
    const subject = refOf(personOf(req).subject)
    const as = await actingAs(req, deps)
    const server = toolServer({ ...deps, workflow: workflow.data, subject, actor: `agent:${deps.agent}`, as })
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
    res.once('close', () => void server.close())
    await server.connect(transport)
    await transport.handleRequest(req, res, req.body)
  }
}

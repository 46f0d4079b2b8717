/**
 * The agent's MCP server, one endpoint a trip. The token's audience is this agent; calls to trips use a token exchanged for it. Trips decides each call
 * of a tool.
 *
 * @module
 */
import { createToolServer, type ProtectedResource, protectedResource } from '@mandate/mcp'
import { refOf } from '@mandate/pep'
import { pathIdSchema, refuse } from '@mandate/protocol'
import { Router } from 'express'
import packageJson from '../package.json' with { type: 'json' }
import { agentTools, type TripContext } from './mcp-tools.ts'
import { actingAs, personOf, type RoutesDeps } from './routes.ts'

const PATH = '/mcp'
const BELOW = '/workflows/:id'

/** Where clients of the MCP server find the issuer (RFC 9728). */
export function mcpResource({ issuer, publicUrl, scope }: McpAddress): ProtectedResource {
  return protectedResource({
    ...{ baseUrl: publicUrl, path: PATH, below: [BELOW] },
    ...{ authorizationServers: [issuer], scopes: [scope] },
  })
}

export interface McpAddress {
  readonly issuer: string
  /** Base URL at which clients reach the agent; empty until the listener runs. Never taken from a request's `Host`, which the sender controls. */
  readonly publicUrl: () => string
  /** Scope at the issuer for which tokens of the agent's audience are issued. */
  readonly scope: string
}

export function mcpRoutes(deps: RoutesDeps): Router {
  const server = createToolServer<TripContext>({
    name: 'booking-agent',
    version: packageJson.version,
    pep: deps.pep,
    tools: agentTools(deps.runner),
    context: async (req) => {
      const workflow = pathIdSchema.safeParse(req.params['id'])
      if (!workflow.success) throw refuse('invalid_request', 'The trip id is not valid.')
      const subject = refOf(personOf(req).subject)
      return { workflow: workflow.data, subject, actor: `agent:${deps.agent}`, as: await actingAs(req, deps) }
    },
  })
  const router = Router({ caseSensitive: true })
  router.all(PATH + BELOW, deps.pep.open('trips decides each call of a tool'), server.handler)
  return router
}

/**
 * The agent's Express app.
 *
 * @module
 */
import { type GrantEvents, type PepLogger, problems } from '@mandate/pep'
import { createLimits, type LimitOptions, requestLog } from '@mandate/pep/service'
import { prepareApp, refuseUnknownRoute } from '@mandate/service'
import express, { type Express } from 'express'
import { addMetadataToChallenges } from './mcp-authorization.ts'
import { type McpAddress, mcpResource, mcpRoutes } from './mcp-routes.ts'
import { type RoutesDeps, runRoutes } from './routes.ts'

/** pino's shape, as far as the agent needs it: fields first, then the message. */
export type AgentLogger = PepLogger & { readonly info: (fields: object, message: string) => void }

export interface AppDeps extends RoutesDeps, McpAddress {
  readonly logger: AgentLogger
  /** Express's `trust proxy`: proxies whose `X-Forwarded-*` headers are trusted. */
  readonly trustProxy?: string | undefined
  readonly limits: LimitOptions
  /** Absent: there is no `/grant-events`. */
  readonly grantEvents?: Pick<GrantEvents, 'handler'> | undefined
}

/** Largest request body. */
const BODY_LIMIT = '16kb'

/** Builds the Express app. @throws TypeError when a route has no guard. */
export function createApp(deps: AppDeps): Express {
  const { pep, store, logger, trustProxy } = deps
  const limits = createLimits(deps.limits)
  const app = prepareApp(express(), {
    trustProxy,
    log: requestLog(logger),
    check: () => store.check(),
    guard: pep.open,
  })
  const resource = mcpResource(deps)
  app.use(addMetadataToChallenges(resource, deps.scope))
  const publicMetadata = pep.open('protected resource metadata are public (RFC 9728)')
  app.get([...resource.paths], publicMetadata, resource.handler)
  app.use(limits.atTheDoor)
  const verified = pep.open('an event is authenticated by its bearer and its signature')
  if (deps.grantEvents) app.post('/grant-events', verified, deps.grantEvents.handler)
  app.use(pep.authenticate(), limits.byCaller)
  app.use(express.json({ limit: BODY_LIMIT, strict: true }), runRoutes(deps), mcpRoutes(deps))
  app.use(refuseUnknownRoute, problems(logger))
  pep.assertGuarded(app)
  return app
}

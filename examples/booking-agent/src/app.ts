/**
 * The agent as an Express app over its ports.
 *
 * @module
 */
import { type PepLogger, problems } from '@mandate/pep'
import { createLimits, type LimitOptions, requestLog } from '@mandate/pep/service'
import { prepareApp, refuseUnknownRoute } from '@mandate/service'
import express, { type Express } from 'express'
import { challengesWithMetadata, type ProtectedResource, resourceMetadata, resourceMetadataPaths } from './mcp-door.ts'
import { mcpRoutes } from './mcp-routes.ts'
import { type RoutesDeps, runRoutes } from './routes.ts'

export type AgentLogger = PepLogger & { readonly info: (fields: object, message: string) => void }

export interface AppDeps extends RoutesDeps, ProtectedResource {
  readonly logger: AgentLogger
  /** Express's `trust proxy`: who may say that a request came by TLS. */
  readonly trustProxy?: string | undefined
  readonly limits: LimitOptions
}

/** Largest request body. */
const BODY_LIMIT = '16kb'

/** @throws TypeError when a route has no guard. */
export function createApp(deps: AppDeps): Express {
  const { pep, store, logger, trustProxy } = deps
  const limits = createLimits(deps.limits)
  const app = prepareApp(express(), {
    trustProxy,
    log: requestLog(logger),
    check: () => store.check(),
    guard: pep.open,
  })
  app.use(challengesWithMetadata(deps))
  const whereToSignIn = pep.open('says only where to sign in, as RFC 9728 wants it')
  app.get(resourceMetadataPaths(deps.publicUrl()), whereToSignIn, resourceMetadata(deps))
  app.use(limits.atTheDoor, pep.authenticate(), limits.byCaller)
  app.use(express.json({ limit: BODY_LIMIT, strict: true }), runRoutes(deps), mcpRoutes(deps))
  app.use(refuseUnknownRoute, problems(logger))
  pep.assertGuarded(app)
  return app
}

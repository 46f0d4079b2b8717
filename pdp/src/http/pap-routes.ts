/**
 * Administration over HTTP (PAP): one file a kind of thing, below `pap/`.
 *
 * @module
 */
import { Router } from 'express'
import { idempotent } from './idempotency.ts'
import type { PapRouteDeps } from './pap/common.ts'
import { factRoutes } from './pap/facts.ts'
import { grantRoutes } from './pap/grants.ts'
import { invitationRoutes } from './pap/invitations.ts'
import { keyRoutes } from './pap/keys.ts'
import { agentRoutes, personaRoutes } from './pap/personas.ts'
import { policyRoutes } from './pap/policies.ts'
import { resourceRoutes } from './pap/resources.ts'
import { subjectRoutes } from './pap/subjects.ts'

export type { PapRouteDeps } from './pap/common.ts'

export function papRoutes(deps: PapRouteDeps): Router {
  const router = Router()
  router.use(idempotent(deps))
  grantRoutes(router, deps)
  invitationRoutes(router, deps)
  keyRoutes(router, deps)
  personaRoutes(router, deps)
  agentRoutes(router, deps)
  resourceRoutes(router, deps)
  subjectRoutes(router, deps)
  factRoutes(router, deps)
  policyRoutes(router, deps)
  return router
}

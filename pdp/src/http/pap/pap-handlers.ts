/**
 * Handlers of every administration operation (PAP).
 *
 * @module
 */
import type { PapRouteDeps } from './common.ts'
import { factHandlers } from './facts.ts'
import { grantHandlers } from './grants.ts'
import { invitationHandlers } from './invitations.ts'
import { keyHandlers } from './keys.ts'
import { lookupHandlers } from './lookups.ts'
import { agentHandlers, personaHandlers } from './personas.ts'
import { policyHandlers } from './policies.ts'
import { resourceHandlers } from './resources.ts'
import { serviceHandlers } from './services.ts'
import { subjectHandlers } from './subjects.ts'

export type { PapRouteDeps } from './common.ts'

export const papHandlers = (deps: PapRouteDeps) => ({
  ...grantHandlers(deps),
  ...invitationHandlers(deps),
  ...keyHandlers(deps),
  ...personaHandlers(deps),
  ...agentHandlers(deps),
  ...resourceHandlers(deps),
  ...serviceHandlers(deps),
  ...subjectHandlers(deps),
  ...lookupHandlers(deps),
  ...factHandlers(deps),
  ...policyHandlers(deps),
})

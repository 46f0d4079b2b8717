/**
 * Takes the PDP's events about grants, and stops the runs that rest on them.
 *
 * @module
 */
import { createGrantEvents, type GrantEvents } from '@mandate/pep'
import type { AgentLogger } from './app.ts'
import type { AgentConfig } from './config.ts'
import type { WorkByGrant } from './work-by-grant.ts'

/** @returns `undefined` unless `AGENT_GRANT_EVENTS_ISSUER` is set. */
export function receiveGrantEvents(
  { grantEvents, clientId, plainHttpHosts, clientTls }: AgentConfig,
  work: WorkByGrant,
  logger: AgentLogger,
): GrantEvents | undefined {
  if (grantEvents === undefined) return undefined
  return createGrantEvents({
    ...grantEvents,
    audience: clientId,
    plainHttpHosts,
    logger,
    ...(clientTls === undefined ? {} : { tls: clientTls }),
    onEvent: ({ grant, what }) => {
      const runs = work.stop(grant)
      if (runs > 0) logger.info({ grant, what, runs }, 'runs are stopped: a grant that they rest on')
    },
  })
}

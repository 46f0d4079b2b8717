/**
 * The agent, put together: listening for people, or running once on its own schedule.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { createPep, endpointsOf } from '@mandate/pep'
import { type Listener, serve } from '@mandate/pep/service'
import { type AgentLogger, createApp } from './app.ts'
import type { AgentConfig } from './config.ts'
import type { Run } from './run.ts'
import { runTrip } from './runner.ts'
import { createRunStore } from './store.ts'
import { createTripsTokens } from './tokens.ts'
import { createTripsClient } from './trips-client.ts'

export async function startAgent(config: AgentConfig, logger: AgentLogger): Promise<Listener> {
  const { issuer, identityUrl, pdpUrl, clientId, clientSecret, audience, interactiveClients, trustProxy, limits } =
    config
  const pep = createPep({
    issuer,
    audience,
    pdpUrl,
    credentials: { clientId, clientSecret },
    interactiveClients,
    logger,
    ...(identityUrl === undefined ? {} : { identityUrl }),
  })
  const { store, tokens, runner } = parts(config)
  store.interrupt()
  const app = createApp({ pep, store, tokens, runner, agent: clientId, logger, trustProxy, limits })
  const listener = await serve(app, config)
  return {
    url: listener.url,
    close: async () => {
      await listener.close()
      await pep.close()
      store.close()
    },
  }
}

/**
 * Runs a trip with the agent as subject and nobody behind it: it needs an unattended grant of its own (rule G3).
 *
 * @throws Fault `identity_unavailable` when the agent gets no token.
 */
export async function runOnOwnSchedule(config: AgentConfig, workflow: string): Promise<Run> {
  const { store, tokens, runner } = parts(config)
  try {
    const as = { token: await tokens.own(), persona: undefined, requestId: randomUUID() }
    const subject = `agent:${config.clientId}`
    return await runTrip({ workflow, items: undefined, dryRun: false, subject, actor: undefined, as }, runner)
  } finally {
    store.close()
  }
}

function parts({ issuer, identityUrl, clientId, clientSecret, tripsUrl, dataDir }: AgentConfig) {
  const store = createRunStore(dataDir)
  const { tokenEndpoint } = endpointsOf(identityUrl ?? issuer)
  const tokens = createTripsTokens({ issuer, tokenEndpoint, clientId, clientSecret })
  return { store, tokens, runner: { trips: createTripsClient(tripsUrl), store, now: Date.now } }
}

/**
 * The agent, put together: listening for people, or running once on its own schedule.
 *
 * @module
 */
import { createPep, endpointsOf } from '@mandate/pep'
import { type Listener, serve } from '@mandate/pep/service'
import { Fault } from '@mandate/protocol'
import { type AgentLogger, createApp } from './app.ts'
import type { AgentConfig } from './config.ts'
import { RunEvents } from './events.ts'
import type { Run } from './run.ts'
import { runOwn, startSchedule } from './schedule.ts'
import { createRunStore } from './store.ts'
import { createTripsTokens } from './tokens.ts'
import { createTripsClient } from './trips-client.ts'

export async function startAgent(config: AgentConfig, logger: AgentLogger): Promise<Listener> {
  const {
    issuer,
    identityUrl,
    pdpUrl,
    clientId,
    clientSecret,
    audience,
    interactiveClients,
    trustProxy,
    limits,
    publicUrl,
  } = config
  const pep = createPep({
    issuer,
    audience,
    pdpUrl,
    credentials: { clientId, clientSecret },
    interactiveClients,
    logger,
    ...(identityUrl === undefined ? {} : { identityUrl }),
  })
  const halt = new AbortController()
  const { store, tokens, runner } = parts(config, halt.signal)
  store.interrupt()
  const events = new RunEvents(store)
  const failed = (error: unknown): void =>
    logger.error({ code: error instanceof Fault ? error.code : 'internal' }, 'a run could not be carried out')
  const underWay = new Set<Promise<unknown>>()
  const background = (work: Promise<unknown>): void => {
    const settled: Promise<unknown> = work.catch(failed).finally(() => underWay.delete(settled))
    underWay.add(settled)
  }
  const routes = { store, tokens, runner, agent: clientId, events, background }
  const app = createApp({ pep, ...routes, issuer, publicUrl, logger, trustProxy, limits })
  const endSchedule = startSchedule(config.schedule, { ...routes }, failed)
  const listener = await serve(app, config)
  return {
    url: listener.url,
    close: async () => {
      halt.abort()
      events.close()
      await Promise.all([listener.close(), endSchedule(), ...underWay])
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
  const { store, ...deps } = parts(config, new AbortController().signal)
  try {
    return await runOwn(workflow, { ...deps, store, agent: config.clientId })
  } finally {
    store.close()
  }
}

function parts(config: AgentConfig, halt: AbortSignal) {
  const { issuer, identityUrl, clientId, clientSecret, tripsUrl, dataDir, parallelItems } = config
  const store = createRunStore(dataDir)
  const { tokenEndpoint } = endpointsOf(identityUrl ?? issuer)
  const tokens = createTripsTokens({ issuer, tokenEndpoint, clientId, clientSecret })
  const runner = { trips: createTripsClient(tripsUrl), store, now: Date.now, parallel: parallelItems, halt }
  return { store, tokens, runner }
}

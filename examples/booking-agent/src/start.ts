/**
 * Builds the agent from its configuration: a listening service, or one run on its own schedule.
 *
 * @module
 */
import { createPdpAdmin, createPep } from '@mandate/pep'
import { keycloak } from '@mandate/pep/keycloak'
import { createCalls, reloadedFiles } from '@mandate/pep/service'
import { Fault } from '@mandate/protocol'
import { type ListenerBounds, once, prepareTls, type RunningService, serve } from '@mandate/service'
import { type AgentLogger, createApp } from './app.ts'
import type { AgentConfig } from './config.ts'
import { RunEvents } from './events.ts'
import { startForgetting } from './forgetting.ts'
import { receiveGrantEvents } from './grant-events.ts'
import type { Run } from './run.ts'
import { runOwn, startSchedule } from './schedule.ts'
import { createRunStore } from './store.ts'
import { createTripsTokens } from './tokens.ts'
import { createTripsClient } from './trips-client.ts'
import { WorkByGrant } from './work-by-grant.ts'

const TOKEN_TIMEOUT_MS = 5_000

/**
 * Starts the agent's HTTP service. Runs that an earlier process left unfinished become `interrupted`.
 *
 * @throws When the address cannot be bound.
 */
export async function startAgent(
  config: AgentConfig,
  logger: AgentLogger,
  bounds: ListenerBounds = {},
): Promise<RunningService<AgentConfig>> {
  const { issuer, pdpUrl, clientId, audience, interactiveClients, trustProxy, limits } = config
  const pep = createPep({ ...accountOf(config), audience, pdpUrl, interactiveClients, logger })
  const halt = new AbortController()
  const work = new WorkByGrant()
  const { store, tokens, runner, close } = parts(config, halt.signal, work)
  const grantEvents = receiveGrantEvents(config, work, logger)
  store.interrupt()
  const pdp = createPdpAdmin({ ...accountOf(config), pdpUrl })
  const forgetting = await startForgetting({ store, pdp, issuer, logger }, config.housekeepingMs)
  const events = new RunEvents(store)
  const failed = (error: unknown): void =>
    logger.error({ code: error instanceof Fault ? error.code : 'internal' }, 'a run could not be carried out')
  const underWay = new Set<Promise<unknown>>()
  const background = (work: Promise<unknown>): void => {
    const settled: Promise<unknown> = work.catch(failed).finally(() => underWay.delete(settled))
    underWay.add(settled)
  }
  const routes = { store, tokens, runner, agent: clientId, events, background }
  let { publicUrl = '' } = config
  const app = createApp({
    pep,
    ...routes,
    issuer,
    publicUrl: () => publicUrl,
    scope: audience,
    logger,
    trustProxy,
    limits,
    grantEvents,
  })
  const endSchedule = startSchedule(config.schedule, { ...routes }, failed)
  const listener = await serve(app, { ...config, ...bounds })
  publicUrl ||= listener.url
  return {
    url: listener.url,
    reload: { files: reloadedFiles('AGENT_'), prepare: (next) => prepareTls(config, next, [listener], 'AGENT_') },
    close: once(async () => {
      halt.abort()
      events.close()
      await Promise.all([listener.close(), endSchedule(), forgetting.close(), ...underWay])
      await Promise.all([pep.close(), pdp.close(), grantEvents?.close(), close()])
    }),
  }
}

/**
 * Runs a trip once with the agent as subject and without a person: it needs an unattended grant (rule G3).
 *
 * @throws Fault `identity_unavailable` when the agent gets no token.
 */
export async function runOnOwnSchedule(config: AgentConfig, workflow: string): Promise<Run> {
  const { close, ...deps } = parts(config, new AbortController().signal, new WorkByGrant())
  try {
    return await runOwn(workflow, { ...deps, agent: config.clientId })
  } finally {
    await close()
  }
}

/** The agent's client account at the issuer, for the clients of the PDP, the issuer and trips. */
function accountOf({ issuer, identityUrl, plainHttpHosts, credentials, clientTls }: AgentConfig) {
  const identity = identityUrl === undefined ? {} : { identityUrl }
  const tls = clientTls === undefined ? {} : { tls: clientTls }
  return { issuer, provider: keycloak(), plainHttpHosts, credentials, ...identity, ...tls }
}

function parts(config: AgentConfig, halt: AbortSignal, work: WorkByGrant) {
  const { tripsUrl, dataDir, parallelItems, clientTls } = config
  const store = createRunStore(dataDir)
  const tokens = createTripsTokens({ ...accountOf(config), timeoutMs: TOKEN_TIMEOUT_MS })
  const calls = createCalls(clientTls)
  const runner = {
    trips: createTripsClient(tripsUrl, calls),
    store,
    now: Date.now,
    parallel: parallelItems,
    halt,
    work,
  }
  const close = async () => {
    await Promise.all([tokens.close(), calls.close()])
    store.close()
  }
  return { store, tokens, runner, close }
}

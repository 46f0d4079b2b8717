/**
 * OpenFGA, opened: the store, the model of the policies in force, and who asks it.
 *
 * @module
 */
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { PolicyControl } from '../pap/policies.ts'
import { readSources } from '../policy/pack.ts'
import type { Unanswered } from '../ports/answer.ts'
import type { FactWriter } from '../ports/facts.ts'
import { clientTlsOf } from '../runtime/client-tls.ts'
import type { Stores } from '../store/open.ts'
import { OpenFgaAuthority } from './authority.ts'
import { claimStore } from './claim.ts'
import { OpenFgaClient } from './client.ts'
import { FactGate } from './fact-gate.ts'
import { OpenFgaFacts } from './facts.ts'
import { LimitsCheck } from './limits.ts'
import { OpenFgaRelations } from './relations.ts'
import { FgaStore } from './store.ts'
import { FencedWriter } from './writer.ts'

/** OpenFGA, ready to be asked. */
export interface Store {
  readonly policies: PolicyControl
  readonly relations: OpenFgaRelations
  readonly authority: OpenFgaAuthority
  readonly factWriter: FactWriter
  readonly writer: FencedWriter
  readonly reachable: () => Promise<boolean>
  /** Which of its limits are too low, and what to change; empty while it does not answer. */
  readonly lowLimits: () => Promise<readonly string[]>
}

/**
 * OpenFGA: the store, the model of the policies in force, and who asks it.
 *
 * @param onLost - Called when another PDP takes the store over; without it the store is not claimed.
 */
export async function openStore(
  config: Config,
  logger: Logger,
  { identity, register, record, policyHistory, clock, isTrusted, newId, changes, metrics, log }: Stores,
  closers: (() => Promise<void> | void)[],
  onLost: (() => void) | undefined,
): Promise<Store> {
  const read = () => readSources(config.PDP_POLICIES_DIR, config.PDP_PACKS)
  const server = { url: config.OPENFGA_URL, apiToken: config.OPENFGA_API_TOKEN, tls: clientTlsOf(config) }
  const models = await FgaStore.open({ ...server, name: config.OPENFGA_STORE })
  if (onLost) {
    const takeOverFrom = config.PDP_TAKE_OVER_FROM
    const claim = await claimStore({ store: models, models: register, identity, session: newId(), takeOverFrom })
    closers.push(() => claim.close())
    claim.watch(onLost)
  }
  const policies = new PolicyControl({ read, models, register, policyHistory, record, clock })
  await policies.start()
  const client = new OpenFgaClient({
    ...server,
    deadlineMs: config.OPENFGA_DEADLINE_MS,
    observe: (outcome, ms) => metrics.relations(outcome, ms),
  })
  closers.push(() => client.close())
  metrics.watch({ healthy: () => log.healthy, trusted: isTrusted, reachable: () => client.isReachable() })
  const modelId = (): string => policies.current().modelId
  const onUnanswered = (unanswered: Unanswered): void => {
    metrics.unanswered(unanswered.reason)
    logger.warn({ reason: unanswered.reason, parameters: unanswered.parameters }, unanswered.message)
  }
  const writer = new FencedWriter({ store: models, journal: changes, modelId, newId, clock })
  const gate = new FactGate(config.OPENFGA_DEADLINE_MS)
  const isProposed = (grant: string): boolean => register.isProposed(grant)
  const relations = new OpenFgaRelations({ client, storeId: models.id, writer, isProposed, gate, onUnanswered })
  const onLow = (problems: readonly string[]): void => logger.error({ problems }, 'limits of OpenFGA are too low')
  const limits = new LimitsCheck({ store: models, client, models: register, onLow })
  // Readiness asks again: an OpenFGA that is slow now must not keep the PDP from starting.
  await limits.problems().catch((error: unknown) => logger.warn({ err: error }, 'limits of OpenFGA could not be tried'))
  return {
    policies,
    relations,
    authority: new OpenFgaAuthority(models, writer, relations),
    factWriter: new OpenFgaFacts({ store: models, writer, gate, newId, modelId }),
    writer,
    reachable: () => client.isReachable(),
    lowLimits: () => limits.problems().catch(() => []),
  }
}

/**
 * Opens OpenFGA as the authorization engine: its store, claimed for this PDP, and the ports over it.
 *
 * @module
 */
import type { ClientTls } from '@mandate/service'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Unanswered } from '../ports/answer.ts'
import type { Clock } from '../ports/clock.ts'
import type { ReadBarrier } from '../ports/invalidations.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Stores } from '../store/open.ts'
import { TupleAuthority } from '../tuples/authority.ts'
import { FactGate } from '../tuples/fact-gate.ts'
import { FactReplacements } from '../tuples/fact-replacements.ts'
import { TupleFactWriter } from '../tuples/fact-writer.ts'
import type { TupleEngine } from '../tuples/source.ts'
import { claimStore } from './claim.ts'
import { OpenFgaClient } from './client.ts'
import { compileModel } from './compile.ts'
import { ForeignChanges } from './foreign-changes.ts'
import { LimitsCheck } from './limits.ts'
import { OpenFgaRelations } from './relations.ts'
import { FgaStore } from './store.ts'
import { TupleReader } from './tuple-reader.ts'
import { FencedWriter } from './writer.ts'

export interface EngineDeps {
  /** `OPENFGA_API_TOKEN` is read for each request, since it may change. */
  readonly config: Config
  /** Of calls to OpenFGA. @default the system's authorities, and no certificate */
  readonly clientTls?: ClientTls | undefined
  readonly logger: Logger
  readonly stores: Pick<Stores, 'identity' | 'place' | 'requireSameRelationshipStore' | 'register' | 'changes'>
  readonly barrier: Pick<ReadBarrier, 'pass' | 'forgetAll' | 'listen'>
  readonly metrics: Metrics
  readonly clock: Clock
  readonly newId: () => string
  /** The authorization model of the policies in force; asked for when there is something to ask or write. */
  readonly modelId: () => string
  /** Called when another PDP takes the store over; without it the store is not claimed. */
  readonly onLost: (() => void) | undefined
}

/**
 * @param closing - Gets what closes each part, as soon as it is open.
 * @throws StoreTaken where the store belongs to another PDP; Fault `relations_unavailable` where OpenFGA does not answer.
 */
export async function createOpenFgaEngine(deps: EngineDeps, closing: AsyncDisposableStack): Promise<TupleEngine> {
  const { config, logger, stores, metrics } = deps
  const server = { url: config.OPENFGA_URL, apiToken: () => config.OPENFGA_API_TOKEN, tls: deps.clientTls }
  const models = await FgaStore.open({ ...server, name: config.OPENFGA_STORE })
  await claim(models, deps, closing)
  const client = new OpenFgaClient({
    ...server,
    deadlineMs: config.OPENFGA_DEADLINE_MS,
    observe: (outcome, ms) => metrics.relations(outcome, ms),
  })
  closing.defer(() => client.close())
  const onLow = (problems: readonly string[]): void => logger.error({ problems }, 'limits of OpenFGA are too low')
  const limits = new LimitsCheck({ store: models, client, models: stores.register, onLow })
  // Readiness asks again: an OpenFGA that is slow now must not keep the PDP from starting.
  await limits.problems().catch((error: unknown) => logger.warn({ err: error }, 'limits of OpenFGA could not be tried'))
  watchForeignChanges(models, deps, closing)
  return {
    compile: compileModel,
    models,
    tuples: new TupleReader(client, models.id),
    readModel: (modelId) => models.readModel(modelId),
    ...(await createAdapters(models, client, deps)),
    isReachable: () => client.isReachable(),
    tuplesPart: 'openfga',
    lowLimits: () => limits.problems().catch(() => []),
  }
}

/** Finds what other programs than PDPs change in the store: also where nothing is in memory, since a person must know of it. */
function watchForeignChanges(store: FgaStore, deps: EngineDeps, closing: AsyncDisposableStack): void {
  const { config, logger, stores, barrier, metrics, clock, newId } = deps
  const foreign = new ForeignChanges({
    read: (since) => store.changesSince(since),
    journal: stores.changes,
    forgetAll: () => barrier.forgetAll(),
    newId,
    clock,
    onFound: (changes) => {
      metrics.foreignChanges(changes.length)
      const kinds = [...new Set(changes.map(({ key }) => `${key.object.split(':')[0]}#${key.relation}`))].slice(0, 10)
      const found = { tuples: changes.length, kinds, first: changes[0]?.at }
      logger.error(found, 'tuples were changed in OpenFGA by another program than a PDP')
    },
    onFault: (error) => logger.warn({ err: error }, 'changes that other programs make in OpenFGA cannot be looked for'),
  })
  foreign.watch(config.PDP_FOREIGN_CHANGES_EVERY_SECONDS * 1_000)
  closing.defer(() => foreign.close())
}

async function claim(store: FgaStore, deps: EngineDeps, closing: AsyncDisposableStack): Promise<void> {
  const { config, stores, newId, onLost } = deps
  if (!onLost) return
  const { identity, place, register: models } = stores
  const takeOverFrom = config.PDP_TAKE_OVER_FROM
  const claimed = await claimStore({ store, models, identity, session: place ?? newId(), takeOverFrom })
  closing.defer(() => claimed.close())
  await stores.requireSameRelationshipStore?.(store.id)
  claimed.watch(onLost)
}

async function createAdapters(
  models: FgaStore,
  client: OpenFgaClient,
  { config, logger, stores, barrier, metrics, clock, newId, modelId }: EngineDeps,
): Promise<Pick<TupleEngine, 'relations' | 'authority' | 'facts' | 'undecided' | 'factsLock'>> {
  const { register, changes } = stores
  const onUnanswered = (unanswered: Unanswered): void => {
    metrics.unanswered(unanswered.reason)
    logger.warn({ reason: unanswered.reason, parameters: unanswered.parameters }, unanswered.message)
  }
  const writer = await FencedWriter.open({ store: models, journal: changes, modelId, newId, clock })
  const waitMs = config.OPENFGA_DEADLINE_MS
  const replacements = changes.isShared ? new FactReplacements({ barrier, waitMs }) : undefined
  if (replacements) barrier.listen(replacements)
  const gate = new FactGate(waitMs, replacements)
  // The answer may have seen tuples of a grant that another PDP has proposed since this request arrived.
  const proposedAmong = async (grants: readonly string[]): Promise<ReadonlySet<string>> => {
    if (grants.length > 0) await barrier.pass()
    return register.proposedAmong(grants)
  }
  return {
    relations: new OpenFgaRelations({ client, storeId: models.id, writer, proposedAmong, gate, onUnanswered }),
    authority: new TupleAuthority(models, writer),
    factsLock: gate,
    facts: new TupleFactWriter({ store: models, writer, gate, newId, modelId }),
    undecided: writer,
  }
}

/**
 * Factory of the memory before an engine: tuples and compiled models in this process, kept true by the invalidation log.
 *
 * @module
 */
import type { Logger } from 'pino'
import type { Models, RunningEngine } from '../ports/engine.ts'
import type { ReadBarrier } from '../ports/invalidations.ts'
import type { Register } from '../ports/register.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { TupleEngine } from '../tuples/source.ts'
import { MemoryRelations } from './memory-relations.ts'
import { Programs } from './programs.ts'
import { TupleMemory } from './tuple-memory.ts'

export interface MemoryEngineDeps {
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'unanswered' | 'watchMemory'>
  readonly barrier: ReadBarrier
  readonly register: Pick<Register, 'proposedAmong'>
  /** Bound of the tuples in memory. */
  readonly maxBytes: number
  /** Compiled models of the engine itself. @default models compiled here */
  readonly programs?: Programs | undefined
}

/** The same engine, asked only for what memory does not hold or cannot establish. */
export function createMemoryEngine(engine: TupleEngine, deps: MemoryEngineDeps): RunningEngine {
  const { logger, metrics, barrier, register, maxBytes } = deps
  const memory = new TupleMemory({ source: engine.tuples, stamp: () => barrier.stamp(), maxBytes })
  const programs =
    deps.programs ??
    new Programs({
      readModel: engine.readModel,
      onRefused: (model, refused) => logger.warn({ model, refused }, 'parts of the model are left to OpenFGA'),
    })
  const relations = new MemoryRelations({
    memory,
    barrier,
    store: engine.relations,
    programs,
    factsLock: engine.factsLock,
    proposedAmong: (grants) => register.proposedAmong(grants),
    onUnanswered: (unanswered) => {
      metrics.unanswered(unanswered.reason)
      logger.warn({ reason: unanswered.reason, parameters: unanswered.parameters }, unanswered.message)
    },
  })
  barrier.listen(memory)
  barrier.listen(relations)
  metrics.watchMemory(() => ({
    bytes: memory.bytes,
    entries: memory.entries,
    pending: memory.pendingChanges,
    counts: { ...memory.counts, ...relations.counts },
  }))
  return { ...engine, relations, models: withPrograms(engine.models, programs) }
}

/** Compiles each model that a policy uses before the policy comes into force, so that no decision waits for it. */
const withPrograms = (models: Models, programs: Programs): Models => ({
  id: models.id,
  hasModel: async (modelId) => {
    const isThere = await models.hasModel(modelId)
    if (isThere) await programs.load(modelId)
    return isThere
  },
  writeModel: async (program) => {
    const modelId = await models.writeModel(program)
    await programs.load(modelId)
    return modelId
  },
})

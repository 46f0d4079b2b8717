/**
 * Opens the engine that the configuration names.
 *
 * @module
 */
import { createCachedEngine } from './cache/open.ts'
import { createMemoryEngine } from './memory/open.ts'
import { createOpenFgaEngine, type EngineDeps } from './openfga/open.ts'
import type { RunningEngine } from './ports/engine.ts'
import type { InvalidationLog, ReadBarrier } from './ports/invalidations.ts'

/** OpenFGA, with the memory that `ENGINE` names before it. */
export async function openConfiguredEngine(
  deps: EngineDeps & { readonly barrier: ReadBarrier; readonly stores: { readonly invalidations: InvalidationLog } },
  closing: AsyncDisposableStack,
): Promise<RunningEngine> {
  const { config, logger, metrics, barrier, stores } = deps
  const engine = await createOpenFgaEngine(deps, closing)
  // Beside the PDP that has claimed the store, changes of that one are heard of in a shared log only.
  const hearsAll = deps.onLost !== undefined || stores.invalidations.isShared
  if (config.ENGINE === 'openfga' || !hearsAll) return createCachedEngine(engine)
  const maxBytes = config.PDP_ENGINE_MEMORY_MB * 2 ** 20
  return createMemoryEngine(engine, { logger, metrics, barrier, register: stores.register, maxBytes })
}

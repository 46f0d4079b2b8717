/**
 * Opens the engine that the configuration names.
 *
 * @module
 */
import { ConfigError } from '@mandate/service'
import { createCachedEngine } from './cache/open.ts'
import { createEmbeddedEngine, type EmbeddedEngine } from './embedded/open.ts'
import { EMBEDDED_PLACE } from './embedded/store.ts'
import { createMemoryEngine } from './memory/open.ts'
import { compileModel } from './openfga/compile.ts'
import { createOpenFgaEngine, type EngineDeps } from './openfga/open.ts'
import type { RunningEngine } from './ports/engine.ts'
import type { InvalidationLog, ReadBarrier } from './ports/invalidations.ts'
import type { TupleRows } from './ports/tuple-rows.ts'
import type { TupleEngine } from './tuples/source.ts'

interface ConfiguredDeps extends EngineDeps {
  readonly barrier: ReadBarrier
  readonly stores: EngineDeps['stores'] & {
    readonly invalidations: InvalidationLog
    readonly tuples: TupleRows | undefined
  }
}

/**
 * OpenFGA or the embedded store, with the memory that `ENGINE` names before it.
 *
 * @throws ConfigError where the tuples of this database are in another store than the one that `ENGINE` names.
 */
export async function openConfiguredEngine(
  deps: ConfiguredDeps,
  closing: AsyncDisposableStack,
): Promise<RunningEngine> {
  const { config, logger, metrics, barrier, stores } = deps
  const engine: TupleEngine & Partial<Pick<EmbeddedEngine, 'programs'>> =
    config.ENGINE === 'embedded' ? await openEmbedded(deps) : await openOpenFga(deps, closing)
  // Where another PDP may have claimed the store, its changes are known from a shared invalidation log only.
  const hearsAll = deps.onLost !== undefined || stores.invalidations.isShared
  if (config.ENGINE === 'openfga' || !hearsAll) return createCachedEngine(engine)
  const maxBytes = config.PDP_ENGINE_MEMORY_MB * 2 ** 20
  const { programs } = engine
  return createMemoryEngine(engine, { logger, metrics, barrier, register: stores.register, maxBytes, programs })
}

async function openEmbedded({ stores, ...deps }: ConfiguredDeps): Promise<EmbeddedEngine> {
  const { tuples: rows, register } = stores
  if (!rows) throw new ConfigError(['ENGINE: embedded is for one PDP with SQLite; without PDP_STORE_URL'])
  const home = await rows.home()
  if (home.kind === 'moved')
    throw new ConfigError([
      `ENGINE: the relationship tuples of this database were moved to OpenFGA (${home.place}) at ${home.at}: set ENGINE=memory and OPENFGA_URL`,
    ])
  const others = (await register.modelPlaces()).filter((place) => place !== EMBEDDED_PLACE)
  if (home.kind === 'none' && others.length > 0)
    throw new ConfigError([
      'ENGINE: the relationship tuples of this database are in OpenFGA: set ENGINE=memory and OPENFGA_URL, or another PDP_DATA_DIR',
    ])
  return createEmbeddedEngine({ ...deps, rows, register, compile: compileModel })
}

async function openOpenFga(deps: ConfiguredDeps, closing: AsyncDisposableStack): Promise<TupleEngine> {
  const home = await deps.stores.tuples?.home()
  if (home?.kind === 'here')
    throw new ConfigError([
      `ENGINE: the relationship tuples of this database are in pdp.db (ENGINE=embedded). Stop the PDP and move them first: npm run store -- to-openfga ${deps.config.OPENFGA_URL} ${deps.config.PDP_DATA_DIR}`,
    ])
  return createOpenFgaEngine(deps, closing)
}

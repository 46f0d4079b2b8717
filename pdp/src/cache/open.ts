/**
 * Puts caches before an engine that is asked for every decision.
 *
 * @module
 */
import type { RunningEngine } from '../ports/engine.ts'
import { CachedRelations } from './cached-relations.ts'
import { ForgettingAuthority } from './forgetting-authority.ts'

/** The same engine with a cache of facts in front, which its own changes of authority invalidate. */
export function createCachedEngine(engine: RunningEngine): RunningEngine {
  const relations = new CachedRelations(engine.relations)
  return { ...engine, relations, authority: new ForgettingAuthority(engine.authority, relations) }
}

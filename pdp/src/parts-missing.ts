/**
 * Readiness of the PDP, from its rooms.
 *
 * @module
 */
import type { Part } from './http/readiness.ts'
import type { PolicyControl } from './pap/policies.ts'
import type { RunningEngine } from './ports/engine.ts'
import type { ReadBarrier } from './ports/invalidations.ts'
import type { EntryIndex } from './ports/log.ts'

/** What readiness depends on. */
export interface PartsMissingDeps {
  /** Whether the machine's clock can be believed now. */
  readonly isTrusted: () => boolean
  readonly decisionLog: { readonly log: { readonly healthy: boolean }; readonly index: Pick<EntryIndex, 'isReady'> }
  readonly engine: Pick<RunningEngine, 'isReachable' | 'lowLimits' | 'tuplesPart'>
  readonly barrier: Pick<ReadBarrier, 'pass'>
  readonly policies: Pick<PolicyControl, 'inUse'>
  /** Aborted once the PDP stops. */
  readonly stopping: { readonly signal: AbortSignal }
}

/** Returns a function that lists the parts that do not work now, as `/readyz` names them. */
export function partsMissing(deps: PartsMissingDeps): () => Promise<readonly Part[]> {
  const { isTrusted, engine, barrier, policies, stopping, decisionLog } = deps
  const { log, index } = decisionLog
  const canReadStore = async (): Promise<boolean> => {
    try {
      await barrier.pass()
      return true
    } catch {
      return false
    }
  }
  return async () => [
    ...((await canReadStore()) ? [] : ['store' as const]),
    ...(policies.inUse.refusal === undefined ? [] : ['policies' as const]),
    ...(log.healthy ? [] : ['log' as const]),
    ...(isTrusted() ? [] : ['clock' as const]),
    ...((await engine.isReachable()) ? [] : [engine.tuplesPart]),
    ...((await engine.lowLimits()).length === 0 ? [] : ['openfga_limits' as const]),
    ...(index.isReady ? [] : ['index' as const]),
    ...(stopping.signal.aborted ? ['stopping' as const] : []),
  ]
}

/**
 * An authorization engine in memory that answers at once, so that what the PDP itself costs can be measured: HTTP, authentication, parsing, deciding,
 * recording, answering.
 *
 * @module
 */
import { compileModel } from '@mandate/pdp'
import type { RunningEngine } from '../../../pdp/src/ports/engine.ts'
import { MemoryEngine } from '../../contract/engine/memory-engine.ts'

const noFacts = (): Promise<never> => Promise.reject(new Error('bench: the engine in memory has no facts of domains'))

export function openMemoryEngine(): Promise<RunningEngine> {
  const engine = new MemoryEngine()
  return Promise.resolve({
    compile: compileModel,
    models: { id: 'memory', hasModel: async () => true, writeModel: async () => engine.model },
    relations: engine.relations,
    authority: engine.authority,
    facts: {
      limits: { factBytes: 0, changeBytes: 0, bytesOf: () => 0 },
      plan: noFacts,
      carryOut: noFacts,
      resolve: noFacts,
    },
    undecided: { ...engine.undecided, whenInDoubt: () => undefined, sweepMarkers: async () => undefined },
    isReachable: async () => true,
    tuplesPart: 'openfga',
    lowLimits: async () => [],
  })
}

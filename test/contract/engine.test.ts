/**
 * The contract of an engine's ports, on every implementation of them. The memory engine is the fake that unit tests use.
 *
 * @module
 */
import { describe } from 'vitest'
import { compileModel } from '../../pdp/src/openfga/compile.ts'
import { authorityContract } from './engine/authority-contract.ts'
import { compileContract } from './engine/compile-contract.ts'
import { openEmbedded, openEmbeddedInMemory, openEmbeddedStore } from './engine/embedded-engine.ts'
import { factsContract } from './engine/facts-contract.ts'
import { MemoryEngine } from './engine/memory-engine.ts'
import { cached, openFgaStore, openOpenFga, openTupleMemory } from './engine/openfga-engine.ts'
import { outageContract, relationsContract } from './engine/relations-contract.ts'
import type {
  EngineUnderTest,
  FactEngineUnderTest,
  Implementation,
  TupleStoreImplementation,
} from './engine/subject.ts'
import { tupleStoreContract } from './engine/tuple-store-contract.ts'

const WITH_FACTS: readonly Implementation<FactEngineUnderTest>[] = [
  { name: 'OpenFGA', open: openOpenFga },
  { name: 'OpenFGA, cached', open: async () => cached(await openOpenFga()) },
  { name: 'OpenFGA, tuples in memory', open: openTupleMemory, looksFreshly: true },
  { name: 'embedded', open: openEmbedded, knowsOutcomes: true },
  { name: 'embedded, tuples in memory', open: openEmbeddedInMemory, looksFreshly: true, knowsOutcomes: true },
]
const STORES: readonly TupleStoreImplementation[] = [
  { name: 'OpenFGA', open: openFgaStore },
  { name: 'embedded', open: openEmbeddedStore },
]
const ENGINES: readonly Implementation<EngineUnderTest>[] = [
  ...WITH_FACTS,
  { name: 'memory', open: async () => new MemoryEngine() },
  { name: 'memory, cached', open: async () => cachedMemory() },
]

function cachedMemory(): EngineUnderTest {
  const memory = new MemoryEngine()
  const { relations, authority } = cached<EngineUnderTest>({
    ...memory,
    outage: () => undefined,
    mend: () => undefined,
    close: async () => undefined,
  })
  return {
    ...memory,
    relations,
    authority,
    outage: (kind) => memory.outage(kind),
    mend: () => memory.mend(),
    close: () => memory.close(),
  }
}

describe.for(ENGINES)('$name', (implementation) => {
  describe('relations', () => relationsContract(implementation))
  describe('authority', () => authorityContract(implementation))
  describe('when the store is away', () => outageContract(implementation))
})
describe.for(WITH_FACTS)('$name: facts', (implementation) => factsContract(implementation))
describe.for(STORES)('$name: tuples', (implementation) => tupleStoreContract(implementation))
describe('OpenFGA: compile', () => compileContract(compileModel))

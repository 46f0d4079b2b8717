/**
 * The real OpenFGA of the run, with a store of its own, behind a line that a test can cut.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { inject } from 'vitest'
import { CachedRelations } from '../../../pdp/src/cache/cached-relations.ts'
import { ForgettingAuthority } from '../../../pdp/src/cache/forgetting-authority.ts'
import { OpenFgaAuthority } from '../../../pdp/src/openfga/authority.ts'
import { OpenFgaClient } from '../../../pdp/src/openfga/client.ts'
import { compileModel } from '../../../pdp/src/openfga/compile.ts'
import { FactGate } from '../../../pdp/src/openfga/fact-gate.ts'
import { OpenFgaFactWriter } from '../../../pdp/src/openfga/fact-writer.ts'
import { OpenFgaRelations } from '../../../pdp/src/openfga/relations.ts'
import { FgaStore } from '../../../pdp/src/openfga/store.ts'
import { FencedWriter } from '../../../pdp/src/openfga/writer.ts'
import { compilePolicies, readSources } from '../../../pdp/src/policy/pack.ts'
import { type Behaviour, startBadLine } from '../../fixtures/bad-line.ts'
import { memoryJournal } from '../../fixtures/memory-journal.ts'
import { type EngineUnderTest, type FactEngineUnderTest, newId, type Outage } from './subject.ts'

const POLICIES = join(import.meta.dirname, '../../../pdp/policies')
const PACKS = [
  join(POLICIES, 'travel'),
  ...['sheets', 'folders'].map((name) => join(import.meta.dirname, '../../packs', name)),
]

export async function openOpenFga(): Promise<FactEngineUnderTest> {
  const { url, apiToken } = inject('openFga')
  const line = await startBadLine(url)
  const server = { url: line.url, apiToken }
  const store = await FgaStore.open({ ...server, name: `contract-${randomUUID()}` })
  const { program } = compilePolicies(await readSources(POLICIES, PACKS), compileModel)
  const model = await store.writeModel(program)
  const modelId = (): string => model
  const client = new OpenFgaClient({ ...server, deadlineMs: 5_000 })
  const writer = await FencedWriter.open({ store, journal: memoryJournal(), modelId, newId, clock: Date.now })
  const gate = new FactGate(5_000)
  const proposed = new Set<string>()
  const proposedAmong = async (grants: readonly string[]) => new Set(grants.filter((id) => proposed.has(id)))
  return {
    model,
    proposed,
    relations: new OpenFgaRelations({ client, storeId: store.id, writer, gate, proposedAmong }),
    authority: new OpenFgaAuthority(store, writer),
    facts: new OpenFgaFactWriter({ store, writer, gate, newId, modelId }),
    undecided: writer,
    outage: (kind) => line.behave(behaviourIn(kind)),
    mend: () => line.behave(() => 'pass'),
    close: async () => {
      await client.close()
      await line.stop()
    },
  }
}

/** Of lost answers: the first Write is carried out; no other one, and nothing that would decide it. */
function behaviourIn(kind: Outage): (path: string) => Behaviour {
  if (kind === 'unreachable') return () => 'refuse'
  let written = false
  return (path) => {
    if (path.endsWith('/batch-check')) return 'pass'
    if (!path.endsWith('/write') || written) return 'refuse'
    written = true
    return 'lose'
  }
}

/** The same engine with its cache in front. */
export function cached<E extends EngineUnderTest>(engine: E): E {
  const relations = new CachedRelations(engine.relations)
  return { ...engine, relations, authority: new ForgettingAuthority(engine.authority, relations) }
}

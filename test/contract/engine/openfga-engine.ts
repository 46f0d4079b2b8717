/**
 * The real OpenFGA of the run, with a store of its own, behind a line that a test can cut.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { ChangeJournal } from '@mandate/pdp'
import { inject } from 'vitest'
import { CachedRelations } from '../../../pdp/src/cache/cached-relations.ts'
import { ForgettingAuthority } from '../../../pdp/src/cache/forgetting-authority.ts'
import { LogBarrier } from '../../../pdp/src/memory/barrier.ts'
import { MemoryRelations } from '../../../pdp/src/memory/memory-relations.ts'
import { Programs } from '../../../pdp/src/memory/programs.ts'
import { TupleMemory } from '../../../pdp/src/memory/tuple-memory.ts'
import { OpenFgaClient } from '../../../pdp/src/openfga/client.ts'
import { compileModel } from '../../../pdp/src/openfga/compile.ts'
import { OpenFgaRelations } from '../../../pdp/src/openfga/relations.ts'
import { FgaStore } from '../../../pdp/src/openfga/store.ts'
import { TupleReader } from '../../../pdp/src/openfga/tuple-reader.ts'
import { FencedWriter, isMarker } from '../../../pdp/src/openfga/writer.ts'
import { compilePolicies, readSources } from '../../../pdp/src/policy/pack.ts'
import type { Announcement, InvalidationEvent, InvalidationLog } from '../../../pdp/src/ports/invalidations.ts'
import type { Relations } from '../../../pdp/src/ports/relations.ts'
import { TupleAuthority } from '../../../pdp/src/tuples/authority.ts'
import { FactGate } from '../../../pdp/src/tuples/fact-gate.ts'
import { TupleFactWriter } from '../../../pdp/src/tuples/fact-writer.ts'
import type { TupleKey } from '../../../pdp/src/tuples/tuples.ts'
import { type Behaviour, startBadLine } from '../../fixtures/bad-line.ts'
import { memoryJournal } from '../../fixtures/memory-journal.ts'
import {
  type EngineUnderTest,
  type FactEngineUnderTest,
  newId,
  type Outage,
  type TupleStoreUnderTest,
} from './subject.ts'

const POLICIES = join(import.meta.dirname, '../../../pdp/policies')
const PACKS = [
  join(POLICIES, 'travel'),
  ...['sheets', 'folders'].map((name) => join(import.meta.dirname, '../../packs', name)),
]

/** OpenFGA as it is asked directly, and with the tuple memory before it. */
export async function openOpenFga(): Promise<FactEngineUnderTest> {
  return (await openBoth()).direct
}

export async function openTupleMemory(): Promise<FactEngineUnderTest> {
  const { direct, memory } = await openBoth()
  return { ...direct, relations: memory }
}

export async function openFgaStore(): Promise<TupleStoreUnderTest> {
  return (await openBoth()).store
}

async function openBoth(): Promise<{
  readonly direct: FactEngineUnderTest
  readonly memory: Relations
  readonly store: TupleStoreUnderTest
}> {
  const { url, apiToken } = inject('openFga')
  const line = await startBadLine(url)
  const server = { url: line.url, apiToken }
  const store = await FgaStore.open({ ...server, name: `contract-${randomUUID()}` })
  const program = await programUnderTest()
  const model = await store.writeModel(program)
  const modelId = (): string => model
  const client = new OpenFgaClient({ ...server, deadlineMs: 5_000 })
  const log = new MemoryInvalidationLog()
  const journal = announcingJournal(memoryJournal(), log)
  const writer = await FencedWriter.open({ store, journal, modelId, newId, clock: Date.now })
  const gate = new FactGate(5_000)
  const proposed = new Set<string>()
  const proposedAmong = (grants: readonly string[]) => new Set(grants.filter((id) => proposed.has(id)))
  const relations = new OpenFgaRelations({ client, storeId: store.id, writer, gate, proposedAmong })
  const barrier = new LogBarrier(log)
  const source = new TupleReader(client, store.id)
  const tuples = new TupleMemory({
    source,
    stamp: () => barrier.stamp(),
    maxBytes: 2 ** 24,
  })
  barrier.listen(tuples)
  await barrier.pass()
  const programs = new Programs({ readModel: (id) => store.readModel(id), onRefused: () => undefined })
  await programs.load(model)
  const memory = new MemoryRelations({
    memory: tuples,
    barrier,
    store: relations,
    programs,
    factsLock: gate,
    proposedAmong,
  })
  const direct = {
    model,
    proposed,
    relations,
    authority: new TupleAuthority(store, writer),
    facts: new TupleFactWriter({ store, writer, gate, newId, modelId }),
    undecided: writer,
    outage: (kind) => line.behave(behaviourIn(kind)),
    mend: () => line.behave(() => 'pass'),
    close: async () => {
      await client.close()
      await line.stop()
    },
  } satisfies FactEngineUnderTest
  const changed = async (): Promise<readonly TupleKey[]> => {
    const keys: TupleKey[] = []
    for await (const page of store.changesSince(0)) keys.push(...page.map(({ key }) => key))
    return keys.filter((key) => !isMarker(key))
  }
  const ofTuples = { writer, reads: store, source, models: store, model, changed, close: direct.close }
  return { direct, memory, store: ofTuples }
}

/** The model of an engine under test. */
export const programUnderTest = async (): Promise<object> =>
  compilePolicies(await readSources(POLICIES, PACKS), compileModel).program

/** The invalidation log of one process, for an engine without a database. */
class MemoryInvalidationLog implements InvalidationLog {
  readonly isShared = false
  #apply: (event: InvalidationEvent) => void = () => undefined
  #seq = 0

  start = async () => ({ position: { seq: this.#seq, token: '' }, pending: [] })
  read = async () => []

  subscribe(apply: (event: InvalidationEvent) => void): void {
    this.#apply = apply
  }

  announce(what: Announcement): void {
    this.#seq += 1
    this.#apply({ ...what, seq: this.#seq, token: '' })
  }
}

const announcingJournal = (journal: ChangeJournal, log: MemoryInvalidationLog): ChangeJournal => ({
  ...journal,
  begin: async (change) => {
    await journal.begin(change)
    log.announce({ kind: 'open', change: change.id, keys: change.keys })
  },
  decided: async (id, at) => {
    await journal.decided(id, at)
    log.announce({ kind: 'close', change: id })
  },
})

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

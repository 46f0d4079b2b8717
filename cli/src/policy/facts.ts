/**
 * A copy of a store's facts, on which decisions are made again: those of a running OpenFGA in an OpenFGA of our own, those of a PDP with `ENGINE=embedded` in
 * memory. The store itself is only read.
 *
 * @module
 */
import {
  CachedRelations,
  FgaStore,
  type InForce,
  OpenFgaClient,
  OpenFgaRelations,
  type Policies,
  type PolicyJudge,
  policyJudge,
  readEmbeddedTuples,
  relationsOfTuples,
} from '@mandate/pdp'
import { pastIn, readStore, type Server, writeTuples } from './copy.ts'

/** Where the facts are. `database`: the file `pdp.db` of a PDP with `ENGINE=embedded`. */
export type FactsPlace =
  | { readonly kind: 'openfga'; readonly server: Server; readonly store: string }
  | { readonly kind: 'embedded'; readonly database: string }

/** Policies that decide on a copy of the facts. */
export interface Facts {
  /** One for each policy, in the order in which they were given. */
  readonly judges: readonly PolicyJudge[]
  /** Tuples of the store that no policy's model allows. */
  readonly unread: number
  readonly close: () => Promise<void>
}

/** OpenFGA in memory looks through all tuples for each: more are copied into SQLite. */
const MOST_IN_MEMORY = 5_000
const DEADLINE_MS = 10_000

/** Copies the facts. The result must be closed. */
export function copyFacts(place: FactsPlace, policies: readonly Policies[]): Promise<Facts> {
  return place.kind === 'embedded' ? inMemory(place.database, policies) : inOpenFga(place, policies)
}

async function inMemory(database: string, given: readonly Policies[]): Promise<Facts> {
  const policies = given.map((each, index) => ({ ...each, modelId: String(index) }))
  const tuples = readEmbeddedTuples(database)
  const models = new Map(policies.map(({ modelId, program }) => [modelId, program]))
  const { relations, unread } = relationsOfTuples(models, tuples)
  const past = pastIn(tuples.map((key) => ({ key })))
  const judges = policies.map((each) => policyJudge(each, { relations, past }))
  return { judges, unread, close: async () => undefined }
}

async function inOpenFga(
  { server, store }: Extract<FactsPlace, { readonly kind: 'openfga' }>,
  given: readonly Policies[],
): Promise<Facts> {
  const { startOpenFga } = await import('@mandate/stack')
  const tuples = await readStore(server, store)
  const openFga = await startOpenFga({ engine: tuples.length > MOST_IN_MEMORY ? 'sqlite' : 'memory', env: {} })
  const { url, apiToken } = openFga
  const client = new OpenFgaClient({ url, apiToken, deadlineMs: DEADLINE_MS })
  const close = async (): Promise<void> => {
    await client.close()
    await openFga.stop()
  }
  try {
    const copy = await FgaStore.open({ url, apiToken, name: 'copy' })
    const policies: InForce[] = []
    for (const each of given) policies.push({ ...each, modelId: await copy.writeModel(each.program) })
    const models = policies.map(({ modelId }) => modelId)
    const unread = await writeTuples(openFga, copy.id, models, tuples)
    openFga.analyze()
    const relations = new CachedRelations(new OpenFgaRelations({ client, storeId: copy.id }))
    const past = pastIn(tuples)
    return { judges: policies.map((each) => policyJudge(each, { relations, past })), unread, close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * `npm run store -- to-openfga URL DIR`: moves the tuples and models of a stopped PDP with `ENGINE=embedded` to OpenFGA. The only file of the command line
 * that imports OpenFGA's adapter.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FitsNoModel, groupByModel } from '../embedded/by-model.ts'
import { EMBEDDED_PLACE } from '../embedded/store.ts'
import { claimStore, StoreTaken } from '../openfga/claim.ts'
import { ImportRefused, importTuples } from '../openfga/import-tuples.ts'
import { FgaStore } from '../openfga/store.ts'
import type { Clock } from '../ports/clock.ts'
import type { ModelRow } from '../ports/tuple-rows.ts'
import { readClientTls } from '../runtime/client-tls.ts'
import { createNewId } from '../runtime/new-id.ts'
import { MoveRefused } from '../store/move.ts'
import { openSqlite } from '../store/sqlite.ts'
import { openTupleStores, type TupleStores } from '../store/stores.ts'
import type { Tuple } from '../tuples/tuples.ts'
import { lockPdp } from './lock-pdp.ts'
import type { ProcessIo } from './log-command.ts'
import type { ImportSettings } from './store-settings.ts'

/** Errors whose message is for the operator. */
const REFUSALS = [StoreTaken, ImportRefused, FitsNoModel] as const

/**
 * @param url - Of OpenFGA.
 * @throws MoveRefused while a PDP runs on the directory, for tuples that are not there or moved already, and for a store that is another PDP's or holds
 *   other tuples; Fault `relations_unavailable` when OpenFGA does not answer, `policy_invalid` when it refuses a model.
 */
export async function moveToOpenFga(
  url: string,
  directory: string,
  settings: ImportSettings,
  { out, now = Date.now }: ProcessIo,
): Promise<void> {
  const path = join(directory, 'pdp.db')
  if (!existsSync(path)) throw new MoveRefused(`there is no file ${path}: name the data directory of a PDP`)
  const unlock = await lockPdp(directory)
  const database = openSqlite(path)
  try {
    const stores = await openTupleStores(database, now)
    const models = await movableModels(stores)
    const { OPENFGA_STORE: name, OPENFGA_API_TOKEN: apiToken } = settings
    const store = await FgaStore.open({ url, apiToken, name, tls: readClientTls(settings) })
    const { written, verified } = await moveTuples(stores, models, store, now)
    await stores.tuples.markMoved(`${new URL(url).host}, store ${name}`, now())
    await database.scrub()
    out(`${written} tuples written, ${verified} tuples read back and equal, model written.
Start the PDP with ENGINE=memory, OPENFGA_URL=${url} and OPENFGA_STORE=${name}.
It does not start with ENGINE=embedded on this database any more.
`)
  } catch (error) {
    throw REFUSALS.some((refusal) => error instanceof refusal) ? new MoveRefused((error as Error).message) : error
  } finally {
    await database.close()
    unlock()
  }
}

interface MovableModels {
  /** The policy version in force with its model. `undefined` before a PDP has put one in force. */
  readonly inForce: { readonly version: string; readonly model: ModelRow } | undefined
  /** The model in force, then the others, newest first. */
  readonly all: readonly ModelRow[]
}

/** @throws MoveRefused where there is nothing to move. */
async function movableModels({ tuples, models, policyHistory, intents }: TupleStores): Promise<MovableModels> {
  const home = await tuples.home()
  if (home.kind === 'moved') throw new MoveRefused(`the tuples were moved to ${home.place} at ${home.at}`)
  if (home.kind === 'none') throw new MoveRefused('the database has no tuples: no PDP used it with ENGINE=embedded')
  if ((await intents.factChanges()).length > 0)
    throw new MoveRefused(
      'a change of facts is not finished: start the PDP with ENGINE=embedded, which finishes it, and stop it',
    )
  const version = (await policyHistory.inForce())?.version
  const id = version && (await models.modelOf(EMBEDDED_PLACE, version))
  const kept = await tuples.models()
  const model = kept.find((one) => one.id === id)
  const others = kept.filter((one) => one !== model)
  return version && model ? { inForce: { version, model }, all: [model, ...others] } : { inForce: undefined, all: kept }
}

async function moveTuples(
  stores: TupleStores,
  { inForce, all }: MovableModels,
  store: FgaStore,
  now: Clock,
): ReturnType<typeof importTuples> {
  const { identity, tuples, models: remembered } = stores
  const session = createNewId(now)()
  await claimStore({ store, models: remembered, identity, session, takeOverFrom: undefined })
  const idInForce = inForce && (await writeInForce(inForce, store, remembered))
  const groups: { readonly modelId: string; readonly tuples: readonly Tuple[] }[] = []
  for (const { model, tuples: ofModel } of groupByModel(await tuples.read({}), all)) {
    const id = model === inForce?.model ? idInForce : undefined
    groups.push({ modelId: id ?? (await store.writeModel(model.model)), tuples: ofModel })
  }
  return importTuples({ store, tuples: groups })
}

/** Writes the model in force once, also where the move is repeated, and remembers its id, which the PDP looks up when it starts. */
async function writeInForce(
  { version, model }: NonNullable<MovableModels['inForce']>,
  store: FgaStore,
  models: TupleStores['models'],
): Promise<string> {
  const known = await models.modelOf(store.id, version)
  const id = known && (await store.hasModel(known)) ? known : await store.writeModel(model.model)
  await models.rememberModel(store.id, version, id)
  return id
}

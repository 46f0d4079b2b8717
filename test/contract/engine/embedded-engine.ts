/**
 * The embedded store on a SQLite file of its own, which a test can make unavailable.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { createEmbeddedEngine, type EmbeddedEngine } from '../../../pdp/src/embedded/open.ts'
import { EmbeddedStore } from '../../../pdp/src/embedded/store.ts'
import { EmbeddedTupleReader } from '../../../pdp/src/embedded/tuple-reader.ts'
import { EmbeddedWriter } from '../../../pdp/src/embedded/writer.ts'
import { loadProgram, Program } from '../../../pdp/src/engine/engine.ts'
import { LogBarrier } from '../../../pdp/src/memory/barrier.ts'
import { createMemoryEngine } from '../../../pdp/src/memory/open.ts'
import { compileModel } from '../../../pdp/src/openfga/compile.ts'
import type { InvalidationLog } from '../../../pdp/src/ports/invalidations.ts'
import type { TupleRows } from '../../../pdp/src/ports/tuple-rows.ts'
import { VaultKeys } from '../../../pdp/src/store/encryption.ts'
import type { Database } from '../../../pdp/src/store/sql.ts'
import { openSqlite } from '../../../pdp/src/store/sqlite.ts'
import { createStores } from '../../../pdp/src/store/stores.ts'
import { programUnderTest } from './openfga-engine.ts'
import { type FactEngineUnderTest, newId, type TupleStoreUnderTest } from './subject.ts'

const logger = pino({ level: 'silent' })
const metrics = { unanswered: () => undefined, watchMemory: () => undefined }

export async function openEmbedded(): Promise<FactEngineUnderTest> {
  return (await openEngine()).underTest
}

export async function openEmbeddedInMemory(): Promise<FactEngineUnderTest> {
  const { underTest, engine, invalidations, register } = await openEngine()
  const barrier = new LogBarrier(invalidations)
  const maxBytes = 2 ** 24
  const { programs } = engine
  const { relations } = createMemoryEngine(engine, { logger, metrics, barrier, register, maxBytes, programs })
  await barrier.pass()
  return { ...underTest, relations }
}

export async function openEmbeddedStore(): Promise<TupleStoreUnderTest> {
  const { rows, close } = await openRows()
  const models = new EmbeddedStore(rows, Date.now)
  const model = await models.writeModel(await programUnderTest())
  const program = loadProgram(await models.readModel(model))
  if (!(program instanceof Program)) throw new Error(program.problems.join('\n'))
  const programOf = async (): Promise<Program> => program
  return {
    writer: new EmbeddedWriter({ rows, programOf, modelId: () => model, newId, clock: Date.now }),
    reads: models,
    source: new EmbeddedTupleReader(rows),
    models,
    model,
    changed: async () => (await rows.changesSince(0)).flatMap(({ keys }) => keys),
    close,
  }
}

interface OpenEngine {
  readonly underTest: FactEngineUnderTest
  readonly engine: EmbeddedEngine
  readonly invalidations: InvalidationLog
  readonly register: { readonly proposedAmong: (grants: readonly string[]) => ReadonlySet<string> }
}

async function openEngine(): Promise<OpenEngine> {
  const { rows, invalidations, setAway, close } = await openRows()
  const proposed = new Set<string>()
  const register = { proposedAmong: (grants: readonly string[]) => new Set(grants.filter((id) => proposed.has(id))) }
  let model = ''
  const engine = createEmbeddedEngine({
    config: { OPENFGA_DEADLINE_MS: 5_000 },
    logger,
    rows,
    register,
    metrics,
    clock: Date.now,
    newId,
    modelId: () => model,
    compile: compileModel,
  })
  model = await engine.models.writeModel(await programUnderTest())
  const { relations, authority, facts, undecided } = engine
  const underTest = {
    model,
    proposed,
    relations,
    authority,
    facts,
    undecided,
    outage: () => setAway(true),
    mend: () => setAway(false),
    close,
  }
  return { underTest, engine, invalidations, register }
}

interface OpenRows {
  readonly rows: TupleRows
  readonly invalidations: InvalidationLog
  readonly setAway: (isAway: boolean) => void
  readonly close: () => Promise<void>
}

async function openRows(): Promise<OpenRows> {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-embedded-'))
  const { database, setAway } = interruptible(openSqlite(join(dir, 'pdp.db')))
  const { tuples, invalidations } = await createStores(database, { clock: Date.now, keys: VaultKeys.random() })
  if (!tuples) throw new Error('a SQLite database has tuples')
  const close = async (): Promise<void> => {
    await database.close()
    rmSync(dir, { recursive: true })
  }
  return { rows: tuples, invalidations, setAway, close }
}

/** A database whose file cannot be read or written while it is away. */
function interruptible(file: Database): Pick<OpenRows, 'setAway'> & { readonly database: Database } {
  let isAway = false
  const unlessAway = <T>(task: () => Promise<T>): Promise<T> =>
    isAway ? Promise.reject(new Error('disk I/O error')) : task()
  const database: Database = {
    ...file,
    rows: (...query) => unlessAway(() => file.rows(...query)),
    change: (...query) => unlessAway(() => file.change(...query)),
    transaction: (work) => unlessAway(() => file.transaction(work)),
  }
  return {
    database,
    setAway: (away) => {
      isAway = away
    },
  }
}

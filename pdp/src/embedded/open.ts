/**
 * Opens the embedded relationship store as the authorization engine: tuples in the PDP's own database, questions answered by the engine of this process.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Program } from '../engine/engine.ts'
import { Programs } from '../memory/programs.ts'
import type { Unanswered } from '../ports/answer.ts'
import type { Clock } from '../ports/clock.ts'
import type { CompileModel } from '../ports/model.ts'
import type { Register } from '../ports/register.ts'
import type { TupleRows } from '../ports/tuple-rows.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { TupleAuthority } from '../tuples/authority.ts'
import { FactGate } from '../tuples/fact-gate.ts'
import { TupleFactWriter } from '../tuples/fact-writer.ts'
import type { TupleEngine } from '../tuples/source.ts'
import { EmbeddedRelations } from './relations.ts'
import { EmbeddedStore } from './store.ts'
import { EmbeddedTupleReader } from './tuple-reader.ts'
import { EmbeddedWriter } from './writer.ts'

export interface EmbeddedEngineDeps {
  readonly config: Pick<Config, 'OPENFGA_DEADLINE_MS'>
  readonly logger: Pick<Logger, 'warn'>
  readonly rows: TupleRows
  readonly register: Pick<Register, 'proposedAmong'>
  readonly metrics: Pick<Metrics, 'unanswered'>
  readonly clock: Clock
  readonly newId: () => string
  /** The authorization model of the policies in force; asked for when there is something to ask or write. */
  readonly modelId: () => string
  /** Compiles the language of models. */
  readonly compile: CompileModel
}

export interface EmbeddedEngine extends TupleEngine {
  /** Compiled models, for memory before this engine to share. */
  readonly programs: Programs
}

export function createEmbeddedEngine(deps: EmbeddedEngineDeps): EmbeddedEngine {
  const { config, logger, rows, register, metrics, clock, newId, modelId, compile } = deps
  const store = new EmbeddedStore(rows, clock)
  const programs = new Programs({
    readModel: (id) => store.readModel(id),
    onRefused: (model, refused) => logger.warn({ model, refused }, 'parts of the model cannot be evaluated'),
  })
  const programOf = async (id: string): Promise<Program> => {
    const program = programs.get(id) ?? (await programs.load(id))
    if (program !== 'refused') return program
    throw new Fault('relations_unavailable', `the embedded engine cannot evaluate the model ${id}`)
  }
  const onUnanswered = (unanswered: Unanswered): void => {
    metrics.unanswered(unanswered.reason)
    logger.warn({ reason: unanswered.reason, parameters: unanswered.parameters }, unanswered.message)
  }
  const gate = new FactGate(config.OPENFGA_DEADLINE_MS)
  const writer = new EmbeddedWriter({ rows, programOf, modelId, newId, clock })
  return {
    compile,
    models: store,
    tuples: new EmbeddedTupleReader(rows),
    readModel: (id) => store.readModel(id),
    programs,
    relations: new EmbeddedRelations({
      rows,
      programOf,
      proposedAmong: (grants) => register.proposedAmong(grants),
      gate,
      onUnanswered,
    }),
    authority: new TupleAuthority(store, writer),
    factsLock: gate,
    facts: new TupleFactWriter({ store, writer, gate, newId, modelId }),
    undecided: writer,
    isReachable: () => isReadable(rows),
    tuplesPart: 'store',
    lowLimits: async () => [],
  }
}

async function isReadable(rows: Pick<TupleRows, 'home'>): Promise<boolean> {
  try {
    await rows.home()
    return true
  } catch {
    return false
  }
}

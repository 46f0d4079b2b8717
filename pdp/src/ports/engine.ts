/**
 * The seam between the core and an authorization engine. Everything that depends on how a model is evaluated, and on how facts are stored and
 * named, is behind it; `decide`, `pap`, `policy` and `http` know these ports only.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { Authority } from './authority.ts'
import type { FactWriter } from './fact-writer.ts'
import type { CompileModel } from './model.ts'
import type { Relations } from './relations.ts'

/** Where an engine keeps compiled models. It keeps each for ever, so write only new ones. */
export interface Models {
  /** Names the place: an id of a model is valid in one place only. */
  readonly id: string
  hasModel(modelId: string): Promise<boolean>
  /**
   * @param program - A compiled model of the same engine.
   * @returns The model's id. Rejects with `Fault('policy_invalid')` for a model that the engine refuses.
   */
  writeModel(program: object): Promise<string>
}

/** One authorization engine. */
export interface Engine {
  readonly compile: CompileModel
  readonly models: Models
  readonly relations: Relations
  readonly authority: Authority
  readonly facts: FactWriter
}

/** Changes that were sent to the engine and whose outcome is not known. */
export interface UndecidedChanges {
  /**
   * Decides every undecided change, as far as the engine answers.
   *
   * @param onFault - Called for each change that could not be decided.
   * @returns How many are left.
   */
  decideAll(onFault: (error: unknown) => void): Promise<number>
  /** @param listener - Called for each change whose outcome is not known. {@link decideAll} must be called some time later. */
  whenInDoubt(listener: () => void): void
  /** Deletes what is kept to decide changes that began before an instant, once they are decided. */
  sweepMarkers(before: EpochMillis): Promise<void>
}

/** An engine in operation, with its health. */
export interface RunningEngine extends Engine {
  readonly undecided: UndecidedChanges
  readonly isReachable: () => Promise<boolean>
  /** The name that readiness has for the store of relationship tuples: a server of its own, or the PDP's database. */
  readonly tuplesPart: 'openfga' | 'store'
  /** Messages for operators: limits of the engine that are too low for decisions. Empty while the engine does not respond. */
  readonly lowLimits: () => Promise<readonly string[]>
}

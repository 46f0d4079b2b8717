/**
 * Changes of domains' facts in the relationship store (PAP).
 *
 * @module
 */
import type { Fact } from './domain-facts.ts'
import type { TupleName } from './invalidations.ts'

/** The steps of a change of facts. Plain JSON, so that it can be stored; only the writer that made the plan interprets the steps. */
export interface FactPlan {
  readonly id: string
  /** The tuples that any of the steps touches: no memory may hold them until the change is complete or undone. */
  readonly keys: readonly TupleName[]
  readonly steps: unknown
}

/** How large facts may be, as the store measures them. */
export interface FactLimits {
  /** Most bytes of one fact's attributes, or of its condition's context. */
  readonly factBytes: number
  /** Most bytes of all facts that one change writes. */
  readonly changeBytes: number
  /** Bytes of one fact's attributes, or of its condition's context. */
  bytesOf(fact: Fact): number
}

/** Changes facts in the relationship store. A change is in force for every later decision, on every PDP, once its promise resolves. */
export interface FactWriter {
  readonly limits: FactLimits
  /** Plans a change; writes nothing. */
  plan(write: readonly Fact[], remove: readonly Fact[]): Promise<FactPlan>
  /** Carries out a plan. After a rejection, call {@link resolve}: then the change is complete or undone. */
  carryOut(plan: FactPlan): Promise<void>
  /**
   * Completes or undoes a change that was interrupted before or after any of its steps.
   *
   * @returns Whether the change was carried out; `false`: everything is as it was before.
   */
  resolve(plan: FactPlan): Promise<boolean>
}

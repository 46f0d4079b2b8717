/**
 * Changes of domains' facts in the relationship store (PAP).
 *
 * @module
 */
import type { Fact } from './domain-facts.ts'

/** How a change of facts is carried out. Plain JSON, so that it can be kept; only the writer that planned it reads the steps. */
export interface FactPlan {
  readonly id: string
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
  /** Changes nothing yet. */
  plan(write: readonly Fact[], remove: readonly Fact[]): Promise<FactPlan>
  /** All of it or nothing. Where it rejects, call {@link resolve} to bring that about. */
  carryOut(plan: FactPlan): Promise<void>
  /**
   * Decides a change that was cut short, before or after any of its steps, and undoes what is half done.
   *
   * @returns Whether the change was carried out; `false`: everything is as it was before.
   */
  resolve(plan: FactPlan): Promise<boolean>
}

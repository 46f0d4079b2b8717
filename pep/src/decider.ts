/**
 * The port between the enforcement point and a decision point. Any AuthZEN 1.0 PDP can stand behind it.
 *
 * @module
 */
import type { Authz } from './authz.ts'
import type { Outcome, Resource } from './outcome.ts'

/** One question: may this subject (through this actor, in this persona) do this to that? */
export interface Question {
  readonly authz: Pick<Authz, 'subject' | 'actor' | 'sid' | 'persona' | 'requestId'>
  readonly action: string
  readonly resource: Resource
}

/** The same question about several resources. */
export interface BatchQuestion extends Omit<Question, 'resource'> {
  readonly resources: readonly Resource[]
}

export interface Decider {
  /** @throws Fault `decision_unavailable` when no decision could be had, for whatever reason. Never answers a permit then. */
  readonly decide: (question: Question) => Promise<Outcome>
  /** One outcome a resource, in their order. No resources: no question, no outcomes. @throws Fault as `decide`. */
  readonly decideEach: (question: BatchQuestion) => Promise<readonly Outcome[]>
  /** Ends pooled connections. Questions under way are let finish. */
  readonly close: () => Promise<void>
}

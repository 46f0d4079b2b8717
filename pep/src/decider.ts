/**
 * The port between the enforcement point and a decision point. Any AuthZEN 1.0 PDP can stand behind it.
 *
 * @module
 */

import type { Deadline } from '@mandate/service'
import type { Authz, Found } from './authz.ts'
import type { Outcome, Resource } from './outcome.ts'

/** One question: may this subject (through this actor, in this persona) do this to that? */
export interface Question {
  readonly authz: Pick<Authz, 'subject' | 'actor' | 'sid' | 'issuedAt' | 'persona' | 'requestId' | 'deadline'>
  readonly action: string
  readonly resource: Resource
  /** Of all questions of one guard together. Absent: the decider's own, or the caller's when that is sooner. */
  readonly deadline?: Deadline
  /** Goes off when whoever asked has gone: the answer is of no use any more. */
  readonly signal?: AbortSignal
}

/** The same question about several resources. */
export interface BatchQuestion extends Omit<Question, 'resource'> {
  readonly resources: readonly Resource[]
}

/** Which resources of a type may be seen? */
export interface SearchQuestion extends Omit<Question, 'resource'> {
  readonly type: string
  readonly page?: Page
}

/** As AuthZEN pages (section 8.2): the token is opaque, and good for the very same question only. */
export interface Page {
  /** At most so many results; the PDP's own number when absent. */
  readonly limit?: number
  /** `next` of the page before; absent for the first. */
  readonly token?: string
}

/** One page of a search, and the entry under which the PDP logged it. */
export interface SearchAnswer extends Found {
  readonly evaluationId?: string
}

export interface Decider {
  /** @throws Fault `decision_unavailable` when no decision could be had, for whatever reason. Never answers a permit then. */
  readonly decide: (question: Question) => Promise<Outcome>
  /** One outcome a resource, in their order. No resources: no question, no outcomes. @throws Fault as `decide`. */
  readonly decideEach: (question: BatchQuestion) => Promise<readonly Outcome[]>
  /** One page. Without it `filter` cannot be used. @throws Fault `invalid_request` for a token that the PDP refuses; else as `decide`. */
  readonly search?: (question: SearchQuestion) => Promise<SearchAnswer>
  /** Ends pooled connections. Questions under way are let finish. */
  readonly close: () => Promise<void>
}

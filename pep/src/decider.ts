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
  readonly authz: Pick<
    Authz,
    'subject' | 'actor' | 'sid' | 'issuedAt' | 'persona' | 'requestId' | 'traceparent' | 'tracestate' | 'deadline'
  >
  readonly action: string
  readonly resource: Resource
  /** Deadline of all questions of one guard. @default the decider's time limit, or the caller's when that is sooner */
  readonly deadline?: Deadline
  /** Aborted when the caller has disconnected. */
  readonly signal?: AbortSignal
  /**
   * Stands for the request that asks. A decider may put what one request asks in one turn of the event loop in one call to the PDP; questions of
   * different requests must not share one. @default the question is asked alone
   */
  readonly request?: object
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

/** Paging by AuthZEN 1.0, section 8.2: the token is opaque and valid for the same question only. */
export interface Page {
  /** Most results on a page. @default the PDP's */
  readonly limit?: number
  /** `next` of the page before; absent for the first. */
  readonly token?: string
}

/** One page of a search, and the entry under which the PDP logged it. */
export interface SearchAnswer extends Found {
  readonly evaluationId?: string
}

/** Questions to a PDP by AuthZEN 1.0, within the deadline. Fails closed: without a decision it throws. */
export interface Decider {
  /** @throws Fault `decision_unavailable` when there is no decision, for any reason; never returns a permit then. */
  readonly decide: (question: Question) => Promise<Outcome>
  /** One outcome a resource, in their order. No resources: no question, no outcomes. @throws Fault as `decide`. */
  readonly decideEach: (question: BatchQuestion) => Promise<readonly Outcome[]>
  /** One page. Without it `filter` cannot be used. @throws Fault `invalid_request` for a token that the PDP refuses; else as `decide`. */
  readonly search?: (question: SearchQuestion) => Promise<SearchAnswer>
  /** Closes pooled connections when questions in flight are answered. */
  readonly close: () => Promise<void>
}

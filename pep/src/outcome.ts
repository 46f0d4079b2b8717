/**
 * What a PDP answered, read strictly where it decides and leniently where it explains: `decision` must be a boolean, the explanation may
 * be any PDP's own.
 *
 * @module
 */
import {
  type DecisionCode,
  decisionCodeSchema,
  decisionSchema,
  distinct,
  hasCode,
  type Link,
  linkSchema,
  REASONS,
  type Reason,
  reasonSchema,
} from '@mandate/protocol'
import { z } from 'zod'
import type { Subject } from './subject.ts'

/** A thing asked about. Attributes come from the service's own records, never from a request body. */
export interface Resource {
  readonly type: string
  readonly id: string
  /** Money as `{ amount, currency }` in minor units, instants as RFC 3339, numbers as numbers. */
  readonly properties?: Readonly<Record<string, unknown>>
}

/** A reason code of a decision, or why this enforcement point has none: `permitted` and `denied` stand for a missing one. */
export type OutcomeCode =
  | DecisionCode
  | 'permitted'
  | 'denied'
  | 'decision_unavailable'
  | 'obligation_unknown'
  | 'obligation_unmet'

/** One obligation, as the PDP wrote it. */
export interface Obligation {
  readonly id: string
  readonly [member: string]: unknown
}

/** One answered question, complete, for the service itself. Use {@link disclosed} for what the caller may see. */
export interface Outcome {
  readonly resource: Resource
  readonly decision: boolean
  /** The primary reason code. */
  readonly reason: OutcomeCode
  readonly reasons: readonly Reason[]
  /** Grants from the owner to the actor; empty for an owner in person. */
  readonly chain: readonly Link[]
  readonly evaluationId?: string
  /** `user:<id>` of the resource's owner. */
  readonly owner?: string
  readonly ownerPersona?: string
  /** Obligations of the permit; they are met before a handler runs. */
  readonly obligations?: readonly Obligation[]
  /** The PDP could not decide this item of a batch: a denial that says nothing about authority. */
  readonly undecided?: true
}

const obligationsSchema = z.array(z.looseObject({ id: z.string().min(1) }))

const explanationSchema = z.looseObject({
  evaluation_id: z.string().optional().catch(undefined),
  reason: decisionCodeSchema.optional().catch(undefined),
  reasons: z.array(reasonSchema).catch([]).default([]),
  chain: z.array(linkSchema).catch([]).default([]),
  owner: z.string().optional().catch(undefined),
  owner_persona: z.string().optional().catch(undefined),
  error: z.unknown().optional(),
  obligations: z.unknown().optional(),
})

/**
 * Reads one AuthZEN decision.
 *
 * @returns `undefined` when it is not one (no boolean `decision`, a `context` that is no object): nothing may be concluded from it.
 */
export function readOutcome(resource: Resource, answer: unknown): Outcome | undefined {
  const parsed = decisionSchema.safeParse(answer)
  if (!parsed.success) return undefined
  const { decision, context = {} } = parsed.data
  const explanation = explanationSchema.parse(context)
  const obligations = readObligations(explanation.obligations)
  const { evaluation_id, owner, owner_persona, reasons, chain } = explanation
  const undecided = !decision && explanation.error !== undefined
  const outcome: Outcome = {
    resource,
    decision,
    reason: undecided ? 'decision_unavailable' : (explanation.reason ?? reasons[0]?.code ?? bareReason(decision)),
    reasons,
    chain,
    ...(evaluation_id === undefined ? {} : { evaluationId: evaluation_id }),
    ...(owner === undefined ? {} : { owner }),
    ...(owner_persona === undefined ? {} : { ownerPersona: owner_persona }),
    ...(decision && obligations?.length ? { obligations } : {}),
    ...(undecided ? { undecided } : {}),
  }
  return decision && obligations === undefined ? refusedBy('obligation_unknown', outcome) : outcome
}

/** Codes used where a PDP gives none. */
function bareReason(decision: boolean): 'permitted' | 'denied' {
  return decision ? 'permitted' : 'denied'
}

/** An outcome as the caller may see it. */
export interface DisclosedOutcome {
  readonly resource: { readonly type: string; readonly id: string }
  readonly decision: boolean
  readonly reason: OutcomeCode
  readonly reason_user?: string
  readonly reasons: readonly Reason[]
  readonly chain: readonly Link[]
  readonly evaluation_id?: string
  /** There was no decision; the caller may retry. */
  readonly undecided?: true
}

/**
 * Removes what the reader may not see: `limit`, `actual` and `reason_admin` are for the owner in person (a delegate would learn the owner's limits),
 * and an unknown resource must look like one without a grant.
 */
export function disclosed(
  outcome: Outcome,
  reader: { readonly subject: Subject; readonly inPerson: boolean },
): DisclosedOutcome {
  const isOwner = reader.inPerson && outcome.owner === `user:${reader.subject.id}`
  const all = outcome.reasons.map((reason) => (isOwner ? reason : withoutFigures(reason)))
  // Reasons with equal text are reported once: their number would reveal what the text hides.
  const reasons = reader.inPerson ? all : distinct(all)
  const reasonUser = reasons[0]?.reason_user
  return {
    resource: { type: outcome.resource.type, id: outcome.resource.id },
    decision: outcome.decision,
    reason: indistinct(outcome.reasons[0]?.code_user ?? outcome.reason),
    ...(reasonUser === undefined ? {} : { reason_user: reasonUser }),
    reasons,
    chain: outcome.chain,
    ...(outcome.evaluationId === undefined ? {} : { evaluation_id: outcome.evaluationId }),
    ...(outcome.undecided ? { undecided: true as const } : {}),
  }
}

function withoutFigures(reason: Reason): Reason {
  const { gate, reason_user, attribute, cure } = reason
  // The PDP marks what the person concerned may see.
  const code = reason.code_user ?? reason.code
  // The same text as for an existing resource without a grant.
  if (hasCode({ code }, 'resource_unknown'))
    return { code: 'no_grant', reason_user: REASONS.no_grant.user, cure: REASONS.no_grant.cure }
  return {
    code,
    ...(gate === undefined ? {} : { gate }),
    reason_user,
    ...(cure === undefined ? {} : { cure }),
    ...(attribute === undefined ? {} : { attribute }),
  }
}

function indistinct(code: OutcomeCode): OutcomeCode {
  return code === 'resource_unknown' ? 'no_grant' : code
}

/** @returns `undefined` when they cannot be understood: neither a list of things with an `id`, nor nothing. */
export function readObligations(value: unknown): readonly Obligation[] | undefined {
  if (value === undefined || value === null) return []
  if (typeof value === 'object' && Object.keys(value).length === 0) return []
  return obligationsSchema.safeParse(value).data
}

/** Turns a permit with unknown or unmet obligations into a denial. */
export function refusedBy(reason: 'obligation_unknown' | 'obligation_unmet', permit: Outcome): Outcome {
  const { resource, chain, evaluationId } = permit
  return {
    resource,
    decision: false,
    reason,
    reasons: [
      {
        code: decisionCodeSchema.parse(reason),
        reason_user: 'This is permitted only under a condition that the service cannot meet.',
      },
    ],
    chain,
    ...(evaluationId === undefined ? {} : { evaluationId }),
  }
}

/**
 * A verdict as callers see it: reasons in words, parties by sub, and the numbers only for whoever is entitled to them (design 4).
 *
 * @module
 */
import {
  type DecisionContext,
  REASONS,
  type Reason,
  type ReasonText,
  type ResourceRef,
  splitRef,
} from '@mandate/protocol'
import type { Evaluation, Finding, Verdict } from '../decide/question.ts'
import { personaName } from '../names.ts'
import type { Principal } from '../pap/pap.ts'
import type { Policies } from '../policy/pack.ts'
import type { EntryDraft } from '../ports.ts'
import type { Border } from './border.ts'
import type { Redactor } from './redact.ts'

export interface AnswerDeps {
  readonly border: Border
  readonly redact: Redactor
  readonly policies: () => Policies
  readonly consistency: string
}

/** May they see limits, actual values and the administrator's text: the PEP of the type, the owner, an auditor. */
export function mayKnowWhy(by: Principal, verdict: Verdict, resource: ResourceRef): boolean {
  return (
    by.types?.includes(splitRef(resource).type) === true ||
    by.roles.includes('auditor') ||
    (by.inPerson && by.party === verdict.owner)
  )
}

/** The `context` of a decision. */
export function contextOf(
  deps: AnswerDeps,
  id: string,
  verdict: Verdict,
  resource: ResourceRef,
  by: Principal,
): DecisionContext {
  const entitled = mayKnowWhy(by, verdict, resource)
  const reasons = verdict.reasons.map((finding) => reasonOf(deps, finding, resource, entitled))
  return {
    evaluation_id: id,
    evaluated_at: new Date(verdict.at).toISOString(),
    reason: reasons[0]?.code ?? 'no_grant',
    reasons,
    chain: verdict.chain.map((link) => deps.border.outwardLink(link)),
    ...(entitled || verdict.decision ? ownerOf(deps, verdict) : {}),
    ...(verdict.policy && entitled ? { policy: verdict.policy } : {}),
    model: verdict.model,
  }
}

function ownerOf(
  { border }: AnswerDeps,
  { owner, ownerPersona }: Verdict,
): { readonly owner?: string; readonly owner_persona?: string } {
  return {
    ...(owner ? { owner: border.outward(owner) } : {}),
    ...(ownerPersona ? { owner_persona: personaName(ownerPersona) } : {}),
  }
}

function reasonOf({ policies }: AnswerDeps, finding: Finding, resource: ResourceRef, entitled: boolean): Reason {
  // To a person, what is not registered and what is not theirs look the same.
  const code = finding.code === 'resource_unknown' && !entitled ? 'no_grant' : finding.code
  const text = textOf(code, policies(), resource)
  const { gate, attribute, limit, actual, currency, grant } = finding
  return {
    code,
    ...(gate ? { gate } : {}),
    reason_user: text.user,
    cure: text.cure,
    ...(attribute ? { attribute } : {}),
    ...(grant ? { grant } : {}),
    ...(entitled ? { reason_admin: text.admin } : {}),
    ...(entitled && limit !== undefined ? { limit } : {}),
    ...(entitled && actual !== undefined ? { actual } : {}),
    ...(entitled && currency !== undefined ? { currency } : {}),
  }
}

function textOf(code: string, policies: Policies, resource: ResourceRef): ReasonText {
  if (Object.hasOwn(REASONS, code)) return REASONS[code as keyof typeof REASONS]
  const gates = policies.byType.get(splitRef(resource).type)?.manifest.gates
  const gate = gates?.find(({ reason }) => reason === code)
  return { user: gate?.user ?? code, admin: gate?.admin ?? code, cure: gate?.cure ?? '' }
}

/** A decision as the log keeps it: codes, gates and numbers, by pseudonym. */
export function evaluationEntry(
  deps: AnswerDeps,
  id: string,
  evaluation: Evaluation,
  verdict: Verdict,
  by: Principal,
  latencyMs: number,
): EntryDraft {
  const { actor, persona } = evaluation
  return {
    id,
    kind: 'evaluation',
    ...(evaluation.isSubjectUnknown ? {} : { subject: deps.redact.party(evaluation.subject) }),
    ...(actor ? { actor: deps.redact.party(actor) } : {}),
    caller: by.name,
    ...(persona ? { persona: deps.redact.persona(persona, verdict.persona) } : {}),
    action: deps.redact.action(evaluation),
    resource: deps.redact.resource(evaluation.resource, verdict.root !== undefined),
    ...(verdict.root && verdict.root !== evaluation.resource ? { root: deps.redact.resource(verdict.root, true) } : {}),
    ...(verdict.owner ? { owner: verdict.owner } : {}),
    decision: verdict.decision,
    reasons: verdict.reasons.map((finding) => ({ ...finding })),
    chain: [...verdict.chain],
    attributes: { ...verdict.attributes },
    model: verdict.model,
    ...(verdict.policy ? { policy: verdict.policy } : {}),
    consistency: deps.consistency,
    round_trips: verdict.roundTrips,
    ...by.origin,
    latency_ms: Math.round(latencyMs * 1000) / 1000,
  }
}

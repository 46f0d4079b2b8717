/**
 * Builds the AuthZEN `context` of a decision for its reader: reasons with texts, parties by sub, and only what the reader may know (rule R2).
 *
 * @module
 */
import {
  coreReason,
  type DecisionCode,
  type DecisionContext,
  disclosedCode,
  disclosedReason,
  distinct,
  hasCode,
  type Link,
  type Reason,
  type ReasonText,
  type ResourceRef,
  type Standing,
  splitRef,
} from '@mandate/protocol'
import type { Evaluation } from '../decide/evaluation.ts'
import type { Finding, Verdict } from '../decide/verdict.ts'
import type { Principal } from '../pap/pap.ts'
import { gateTexts } from '../policy/describe.ts'
import type { Policies } from '../policy/pack.ts'
import { personaName } from '../ports/persona-id.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { Relations } from '../ports/relations.ts'
import { type Task, wait } from '../runtime/task.ts'
import { hidesPersonasIn, readerAskedFor, readerOfAnswer, standingIn } from './disclosure.ts'
import type { Pseudonymizer } from './pseudonymizer.ts'
import type { Redactor } from './redact.ts'

export interface DecisionContextDeps {
  readonly pseudonymizer: Pseudonymizer
  readonly redact: Redactor
  readonly policies: () => Policies
  readonly consistencyOf: Relations['consistencyOf']
}

/** Builds the `context` of a decision, limited to what the caller may know. */
export function* contextOf(
  deps: DecisionContextDeps,
  id: string,
  verdict: Verdict,
  evaluation: Evaluation,
  by: Principal,
): Task<DecisionContext> {
  const { resource } = evaluation
  const reader = readerOfAnswer(by, resource, deps.policies())
  const standing = standingIn(verdict, reader)
  const forWhom = by.types ? readerAskedFor(evaluation) : reader
  const standings = {
    standing,
    hides: hidesPersonasIn(verdict, reader),
    askedFor: standingIn(verdict, forWhom),
    hidesFromThem: hidesPersonasIn(verdict, forWhom),
  }
  const all = verdict.reasons.map((finding) => reasonOf(deps, finding, resource, standings))
  const reasons = standings.hides ? distinct(all) : all
  const { broken = [] } = verdict
  return {
    evaluation_id: id,
    evaluated_at: new Date(verdict.at).toISOString(),
    reason: reasons[0]?.code ?? 'no_grant',
    reasons,
    chain: yield* linksOutside(deps, verdict.chain),
    ...(broken.length > 0 && standing !== 'stranger' ? { broken: yield* linksOutside(deps, broken) } : {}),
    ...(standing === 'entitled' || verdict.decision ? yield* ownerOf(deps, verdict) : {}),
    ...(verdict.policy && standing === 'entitled' ? { policy: verdict.policy } : {}),
    model: verdict.model,
  }
}

function* linksOutside({ pseudonymizer }: DecisionContextDeps, links: readonly Link[]): Task<Link[]> {
  const outside: Link[] = []
  for (const link of links) outside.push(yield* wait(pseudonymizer.toExternalLink(link)))
  return outside
}

function* ownerOf(
  { pseudonymizer }: DecisionContextDeps,
  { owner, ownerPersona }: Verdict,
): Task<{ readonly owner?: string; readonly owner_persona?: string }> {
  return {
    ...(owner ? { owner: yield* wait(pseudonymizer.toExternal(owner)) } : {}),
    ...(ownerPersona ? { owner_persona: personaName(ownerPersona) } : {}),
  }
}

/** Disclosure to the caller and to the subject it asks for. A service gets everything, marked with what it may pass on. */
interface Disclosures {
  readonly standing: Standing
  /** Whether the reader may not learn which personas the subject holds. */
  readonly hides: boolean
  readonly askedFor: Standing
  readonly hidesFromThem: boolean
}

function reasonOf(
  { policies }: DecisionContextDeps,
  finding: Finding,
  resource: ResourceRef,
  { standing, hides, askedFor, hidesFromThem }: Disclosures,
): Reason {
  const { code, gate, attribute, limit, actual, currency, grant } = disclosedReason(finding, standing, hides)
  const userCode = disclosedCode(finding, askedFor, hidesFromThem)
  const text = textOf(userCode, policies(), resource)
  return {
    code,
    ...(userCode === code ? {} : { code_user: userCode }),
    ...(gate ? { gate } : {}),
    reason_user: text.user,
    cure: text.cure,
    ...(attribute ? { attribute } : {}),
    ...(grant ? { grant } : {}),
    ...(standing === 'entitled' ? { reason_admin: adminText(code, policies(), resource) } : {}),
    ...(limit === undefined ? {} : { limit }),
    ...(actual === undefined ? {} : { actual }),
    ...(currency === undefined ? {} : { currency }),
  }
}

function adminText(code: DecisionCode, policies: Policies, resource: ResourceRef): string {
  const { type } = splitRef(resource)
  if (!hasCode({ code }, 'resource_unknown') || policies.byType.has(type)) return textOf(code, policies, resource).admin
  return `No policy in force has resources of type "${type}". Its types are: ${[...policies.byType.keys()].sort().join(', ')}.`
}

function textOf(code: DecisionCode, policies: Policies, resource: ResourceRef): ReasonText {
  const gates = policies.byType.get(splitRef(resource).type)?.manifest.gates
  const gate = gates?.find(({ reason }) => reason === code)
  return coreReason(code) ?? (gate ? gateTexts(gate) : { user: code, admin: code, cure: '' })
}

/** Builds the log entry of a decision: codes, gates and numbers, with people by pseudonym. */
export function* evaluationEntry(
  deps: DecisionContextDeps,
  id: string,
  evaluation: Evaluation,
  verdict: Verdict,
  by: Principal,
  { position, latencyMs }: { readonly position: number; readonly latencyMs: number },
): Task<EntryDraft> {
  const { actor, persona } = evaluation
  return {
    id,
    kind: 'evaluation',
    as_of: { at: new Date(verdict.at).toISOString(), position },
    ...(evaluation.isSubjectUnknown ? {} : { subject: yield* wait(deps.redact.party(evaluation.subject)) }),
    ...(actor ? { actor: yield* wait(deps.redact.party(actor)) } : {}),
    caller: by.name,
    ...(persona ? { persona: deps.redact.persona(persona, verdict.persona) } : {}),
    action: deps.redact.action(evaluation),
    resource: yield* wait(deps.redact.resource(evaluation.resource, verdict.root !== undefined)),
    ...(verdict.root && verdict.root !== evaluation.resource
      ? { root: yield* wait(deps.redact.resource(verdict.root, true)) }
      : {}),
    ...(verdict.owner ? { owner: verdict.owner } : {}),
    decision: verdict.decision,
    reasons: verdict.reasons.map((finding) => ({ ...finding })),
    chain: [...verdict.chain],
    ...(verdict.broken?.length ? { broken: [...verdict.broken] } : {}),
    attributes: { ...verdict.attributes },
    model: verdict.model,
    ...(verdict.policy ? { policy: verdict.policy } : {}),
    consistency: deps.consistencyOf({ direct: verdict.isDirect }),
    round_trips: verdict.roundTrips,
    ...by.origin,
    latency_ms: Math.round(latencyMs * 1000) / 1000,
  }
}

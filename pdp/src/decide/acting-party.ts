/**
 * Step 3, act: who acts, and in which persona? Which questions to OpenFGA this takes, and which findings follow from the answers and the manifest.
 *
 * @module
 */
import { type PartyRef, type ReasonCode, splitRef } from '@mandate/protocol'
import type { Answers } from '../ports/answer.ts'
import type { PersonaId } from '../ports/grants.ts'
import { personaName, personaParts } from '../ports/persona-id.ts'
import { type Circumstances, circumstances, type Question, usableQuestion } from '../ports/question.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { type Task, wait } from '../runtime/task.ts'
import type { AdmittedEvaluation } from './admit.ts'
import type { Target } from './locate.ts'
import type { Finding } from './verdict.ts'

/** The persona that the subject acts in, as looked up. */
export interface PersonaLookup {
  /** `undefined` for an agent, in a domain without titles, and when the subject holds none of the requested name. */
  readonly persona: PersonaId | undefined
  /** Whether a persona is required and the subject holds none of the requested name. */
  readonly personaUnknown: boolean
}

export interface ActingParty extends PersonaLookup {
  /** Whether the subject is the owner and acts without an agent. */
  readonly ownerInPerson: boolean
  /** The delegate of the chain's last grant: the actor, or the subject in person. */
  readonly holder: PartyRef
  /** Whether the owner's gates apply: the holder is an agent. */
  readonly byAgent: boolean
  /** What a grant may require as persona and this party satisfies: `""`, title, title/circle, `persona:<id>`. */
  readonly names: readonly string[]
  /** Whether the agents are active and the persona is usable. Agents come first: a suspended agent is the primary reason of every denial (rule G1). */
  readonly questions: readonly Question[]
}

/** All inputs of the steps relate and weigh. */
export interface Case {
  readonly admitted: AdmittedEvaluation
  readonly target: Target
  readonly acting: ActingParty
  /** What all questions of the case share. */
  readonly circumstances: Circumstances
}

export function caseOf(admitted: AdmittedEvaluation, target: Target, persona: PersonaLookup): Case {
  const acting = actingPartyOf(admitted, target, persona)
  const shared = circumstances({
    model: admitted.model,
    now: admitted.now,
    action: admitted.evaluation.action,
    within: target.within,
    acting: acting.names,
    limited: admitted.limited,
    attributes: admitted.attributes.byUnit,
  })
  return { admitted, target, acting, circumstances: shared }
}

/** Looks up the persona that the request names. Of several with this name (revoked, then assumed again) it is the newest. */
export function* findPersona(
  admitted: AdmittedEvaluation,
  relations: Relations,
  statistics: RequestStatistics,
): Task<PersonaLookup> {
  const { subject, persona: name } = admitted.evaluation
  const titled = Object.keys(admitted.pack.manifest.titles).length > 0
  if (splitRef(subject).type !== 'user' || !titled) return { persona: undefined, personaUnknown: false }
  if (!name) return { persona: undefined, personaUnknown: true }
  const held = yield* wait(relations.personasOf(subject, statistics))
  const persona = held
    .filter((id) => personaName(id) === name && admitted.pack.manifest.titles[personaParts(id).title])
    .sort((a, b) => personaParts(b).n - personaParts(a).n)[0]
  return { persona, personaUnknown: persona === undefined }
}

function actingPartyOf(admitted: AdmittedEvaluation, target: Target, known: PersonaLookup): ActingParty {
  const { subject, actor } = admitted.evaluation
  const holder = actor ?? subject
  const { persona } = known
  const named = persona ? [personaParts(persona).title, personaName(persona), `persona:${persona}`] : []
  return {
    ...known,
    ownerInPerson: actor === undefined && subject === target.owner,
    holder,
    byAgent: holder.startsWith('agent:'),
    names: ['', ...named],
    questions: [
      ...(actor ? [usableQuestion(actor)] : []),
      ...(subject.startsWith('agent:') ? [usableQuestion(subject)] : []),
      ...(persona ? [usableQuestion(`persona:${persona}`)] : []),
    ],
  }
}

/**
 * Finds what is wrong with the session, the agents and the persona, primary first.
 *
 * @param answers - With those to {@link ActingParty.questions}.
 */
export function* actingFindings(
  decisionCase: Case,
  answers: Answers,
  relations: Relations,
  statistics: RequestStatistics,
): Task<readonly Finding[]> {
  const { admitted, acting } = decisionCase
  const codes = new Set<ReasonCode>()
  if (admitted.isSessionEnded) codes.add('session_ended')
  for (const question of acting.questions) {
    if (answers.affirms(question)) continue
    if (question.kind === 'agent') codes.add(yield* inactiveAgent(question.agent, relations, statistics))
    if (question.kind === 'persona') codes.add('persona_unusable')
  }
  if (acting.personaUnknown) codes.add('persona_unknown')
  const findings = personaFindings(decisionCase)
  return codes.size === 0 ? findings : [...Array.from(codes, (code) => ({ code })), ...findings]
}

/** Why an agent is not active. */
export function* inactiveAgent(
  agent: PartyRef,
  relations: Relations,
  statistics: RequestStatistics,
): Task<'agent_suspended' | 'agent_unknown'> {
  return (yield* wait(relations.isRegistered(agent, statistics))) ? 'agent_suspended' : 'agent_unknown'
}

/** Findings about the persona that need no answer of OpenFGA. */
function personaFindings({ admitted, target, acting }: Case): readonly Finding[] {
  if (!acting.persona) return []
  const { subject, action } = admitted.evaluation
  const owns = subject === target.owner
  const found: Finding[] = []
  if (owns && target.persona !== undefined && target.persona !== acting.persona)
    found.push({ code: 'persona_mismatch' })
  const title = admitted.pack.manifest.titles[personaParts(acting.persona).title]
  if (!(owns ? title?.own : title?.by_grant)?.includes(action)) found.push({ code: 'persona_action' })
  return found
}

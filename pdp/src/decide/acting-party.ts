/**
 * Step 3, act: who acts, and in which persona? Which questions to OpenFGA this takes, and which findings follow from the answers and the manifest.
 *
 * @module
 */
import { type PartyRef, type ReasonCode, splitRef } from '@mandate/protocol'
import type { Answers } from '../ports/answer.ts'
import type { PersonaId } from '../ports/grants.ts'
import { personaName, personaParts } from '../ports/persona-id.ts'
import type { Question } from '../ports/question.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
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
  /** See {@link actingQuestions}. */
  readonly questions: readonly Question[]
}

/** All inputs of the steps relate and weigh. */
export interface Case {
  readonly admitted: AdmittedEvaluation
  readonly target: Target
  readonly acting: ActingParty
}

/** Looks up the persona that the request names. Of several with this name (revoked, then assumed again) it is the newest. */
export async function findPersona(
  admitted: AdmittedEvaluation,
  relations: Relations,
  statistics: RequestStatistics,
): Promise<PersonaLookup> {
  const { subject, persona: name } = admitted.evaluation
  const titled = Object.keys(admitted.pack.manifest.titles).length > 0
  if (splitRef(subject).type !== 'user' || !titled) return { persona: undefined, personaUnknown: false }
  if (!name) return { persona: undefined, personaUnknown: true }
  const held = await relations.personasOf(subject, statistics)
  const persona = held
    .filter((id) => personaName(id) === name && admitted.pack.manifest.titles[personaParts(id).title])
    .sort((a, b) => personaParts(b).n - personaParts(a).n)[0]
  return { persona, personaUnknown: persona === undefined }
}

export function actingPartyOf(admitted: AdmittedEvaluation, target: Target, known: PersonaLookup): ActingParty {
  const { subject, actor } = admitted.evaluation
  const holder = actor ?? subject
  const { persona } = known
  const named = persona ? [personaParts(persona).title, personaName(persona), `persona:${persona}`] : []
  return {
    ...known,
    ownerInPerson: actor === undefined && subject === target.owner,
    holder,
    byAgent: splitRef(holder).type === 'agent',
    names: ['', ...named],
    questions: [
      ...(actor ? [{ kind: 'agent', agent: actor } as const] : []),
      ...(splitRef(subject).type === 'agent' ? [{ kind: 'agent', agent: subject } as const] : []),
      ...(persona ? [{ kind: 'persona', persona } as const] : []),
    ],
  }
}

/** Whether the agents are active and the persona is usable. Agents come first: a suspended agent is the primary reason of every denial (rule G1). */
export const actingQuestions = ({ acting }: Case): readonly Question[] => acting.questions

/**
 * Finds what is wrong with the session, the agents and the persona, primary first.
 *
 * @param answers - With those to {@link actingQuestions}.
 * @param registered - Asked only about an agent that is not active.
 */
export async function actingFindings(
  decisionCase: Case,
  answers: Answers,
  registered: (agent: PartyRef) => Promise<boolean>,
): Promise<readonly Finding[]> {
  const codes = new Set<ReasonCode>(decisionCase.admitted.isSessionEnded ? ['session_ended'] : [])
  const denied = actingQuestions(decisionCase).filter((question) => !answers.affirms(question))
  for (const question of denied) {
    if (question.kind === 'agent') codes.add((await registered(question.agent)) ? 'agent_suspended' : 'agent_unknown')
    if (question.kind === 'persona') codes.add('persona_unusable')
  }
  if (decisionCase.acting.personaUnknown) codes.add('persona_unknown')
  return [...[...codes].map((code) => ({ code })), ...personaFindings(decisionCase)]
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

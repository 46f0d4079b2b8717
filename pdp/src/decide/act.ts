/**
 * Step 3, act: who acts, and in which persona? What must be asked of the store about them, and what the manifest says by itself.
 *
 * @module
 */
import { type PartyRef, type ReasonCode, splitRef } from '@mandate/protocol'
import type { Answers } from '../ports/answer.ts'
import type { PersonaId } from '../ports/grants.ts'
import { personaName, personaParts } from '../ports/names.ts'
import type { Question } from '../ports/question.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import type { Admitted, Place } from './admit.ts'
import type { Finding } from './question.ts'

export interface Acting {
  /** The persona the subject acts in; `undefined` for agents, where there are no titles, and when it is unknown. */
  readonly persona: PersonaId | undefined
  readonly personaUnknown: boolean
  /** Whether the subject owns it and nobody acts for them. */
  readonly ownerInPerson: boolean
  /** Who holds the chain's last link: the actor, or the subject in person. */
  readonly holder: PartyRef
  /** Whether the owner's gates apply: an agent takes part. */
  readonly byAgent: boolean
  /** The names under which a seat's asked persona is satisfied. */
  readonly names: readonly string[]
}

/** A question that can be decided: what is asked, about what, and who acts. */
export interface Matter {
  readonly admitted: Admitted
  readonly place: Place
  readonly acting: Acting
}

/** Finds the persona that the request names among those the subject holds; the newest where one was revoked and taken again. */
export async function act(
  admitted: Admitted,
  relations: Relations,
  statistics: RequestStatistics,
): Promise<Pick<Acting, 'persona' | 'personaUnknown'>> {
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

export function actingOf(admitted: Admitted, place: Place, known: Pick<Acting, 'persona' | 'personaUnknown'>): Acting {
  const { subject, actor } = admitted.evaluation
  const holder = actor ?? subject
  const { persona } = known
  const named = persona ? [personaParts(persona).title, personaName(persona), `persona:${persona}`] : []
  return {
    ...known,
    ownerInPerson: actor === undefined && subject === place.owner,
    holder,
    byAgent: splitRef(holder).type === 'agent',
    names: ['', ...named],
  }
}

/** What the store must affirm about the actor and the subject: agents first, since a suspended one's every decision is that (rule G1). */
export function actQuestions({ admitted, acting }: Matter): readonly Question[] {
  const { subject, actor } = admitted.evaluation
  return [
    ...(actor ? [{ kind: 'agent', agent: actor } as const] : []),
    ...(splitRef(subject).type === 'agent' ? [{ kind: 'agent', agent: subject } as const] : []),
    ...(acting.persona ? [{ kind: 'persona', persona: acting.persona } as const] : []),
  ]
}

/**
 * Everything that is wrong with the subject's session and persona and with the agents, primary first.
 *
 * @param answers - With those to {@link actQuestions}.
 * @param registered - Whether an agent that is not active is known at all; asked only then.
 */
export async function actFindings(
  matter: Matter,
  answers: Answers,
  registered: (agent: PartyRef) => Promise<boolean>,
): Promise<readonly Finding[]> {
  const codes = new Set<ReasonCode>(matter.admitted.isSessionEnded ? ['session_ended'] : [])
  const denied = actQuestions(matter).filter((question) => !answers.affirms(question))
  for (const question of denied) {
    if (question.kind === 'agent') codes.add((await registered(question.agent)) ? 'agent_suspended' : 'agent_unknown')
    if (question.kind === 'persona') codes.add('persona_unusable')
  }
  if (matter.acting.personaUnknown) codes.add('persona_unknown')
  return [...[...codes].map((code) => ({ code })), ...personaFindings(matter)]
}

/** What the manifest and the resource say about the persona, whether it is usable or not. */
function personaFindings({ admitted, place, acting }: Matter): readonly Finding[] {
  if (!acting.persona) return []
  const { subject, action } = admitted.evaluation
  const owns = subject === place.owner
  const found: Finding[] = []
  if (owns && place.persona !== undefined && place.persona !== acting.persona) found.push({ code: 'persona_mismatch' })
  const title = admitted.pack.manifest.titles[personaParts(acting.persona).title]
  if (!(owns ? title?.own : title?.by_grant)?.includes(action)) found.push({ code: 'persona_action' })
  return found
}

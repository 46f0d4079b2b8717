/**
 * A decision, from question to verdict: admit, locate, act, relate, gate, weigh. What a permit rests on is affirmed by the relationship
 * store in the very BatchCheck that decides; a denial that rests on anything remembered is asked again from fresh facts.
 *
 * @module
 */
import { type EpochMillis, hasCode, type PartyRef, type ReasonCode } from '@mandate/protocol'
import type { InForce } from '../policy/pack.ts'
import type { Clock } from '../ports/clock.ts'
import type { PastGrants } from '../ports/register.ts'
import type { Relations } from '../ports/relations.ts'
import { RequestStatistics } from '../ports/request-statistics.ts'
import type { Sessions } from '../ports/stores.ts'
import { act, actFindings, actingOf, actQuestions } from './act.ts'
import { type Admitted, admit, locate } from './admit.ts'
import type { Evaluation, Verdict } from './question.ts'
import { circumstancesOf, isSettled, relate } from './relate.ts'
import { decideByRelation } from './relation.ts'
import { weigh } from './weigh.ts'

export interface DecideDeps {
  /** The policies in force now. */
  readonly policies: () => InForce
  readonly relations: Relations
  readonly past: PastGrants
  readonly clock: Clock
  readonly sessions: Pick<Sessions, 'isEnded'>
}

/** Decides one evaluation. Rejects with a `Fault` when it cannot; never permits then. */
export async function decide(evaluation: Evaluation, deps: DecideDeps): Promise<Verdict> {
  return attempt(evaluation, deps.clock(), deps, new RequestStatistics())
}

async function attempt(
  evaluation: Evaluation,
  now: EpochMillis,
  deps: DecideDeps,
  statistics: RequestStatistics,
): Promise<Verdict> {
  const { relations } = deps
  const policies = deps.policies()
  const { subject, session: sid, sessionIssuedAt: issuedAt } = evaluation
  const isEnded = sid !== undefined && (await deps.sessions.isEnded({ sid, person: subject, issuedAt }))
  const admitted = admit(evaluation, policies, now, isEnded)
  if ('inadmissible' in admitted) return unknown(admitted.inadmissible, now, policies, statistics)
  if (evaluation.isSubjectUnknown)
    return { ...unknown('subject_invalid', now, policies, statistics), policy: admitted.pack.version }
  if (admitted.relation) return decideByRelation(admitted, admitted.relation, relations, statistics)
  const [place, persona] = await Promise.all([
    locate(admitted, relations, statistics),
    act(admitted, relations, statistics),
  ])
  if (!place && persona.personaUnknown && !statistics.fresh && statistics.remembered > 0) {
    statistics.fresh = true
    return attempt(evaluation, now, deps, statistics)
  }
  if (!place) return aboutNothing(admitted, persona, deps, statistics)
  const matter = { admitted, place, acting: actingOf(admitted, place, persona) }
  const related = await relate(matter, relations, deps.past, statistics)
  if (!statistics.fresh && statistics.remembered > 0 && !isSettled(related, matter)) {
    statistics.fresh = true
    return attempt(evaluation, now, deps, statistics)
  }
  return weigh({ ...matter, related }, deps, statistics)
}

/**
 * A resource that nobody registered: what stands against the subject is said all the same, so that whoever may not know tells it from
 * nothing else that was never granted to them.
 */
async function aboutNothing(
  admitted: Admitted,
  persona: Awaited<ReturnType<typeof act>>,
  { relations }: DecideDeps,
  statistics: RequestStatistics,
): Promise<Verdict> {
  const { resource } = admitted.evaluation
  const place = {
    owner: NOBODY,
    root: resource,
    resource,
    ancestors: [],
    persona: undefined,
    deed: undefined,
    within: [],
  }
  const matter = { admitted, place, acting: actingOf(admitted, place, persona) }
  const answers = await relations.ask(actQuestions(matter), circumstancesOf(matter), statistics)
  const own = await actFindings(matter, answers, (agent) => relations.isRegistered(agent, statistics))
  // Whoever is not registered can hold nothing, wherever.
  const reasons = own.some((one) => hasCode(one, 'agent_unknown'))
    ? own
    : [...own, { code: 'resource_unknown' } as const]
  const { pack, now, model } = admitted
  return {
    ...unknown('resource_unknown', now, { modelId: model }, statistics),
    reasons,
    persona: persona.persona,
    policy: pack.version,
  }
}

/** Owns nothing. */
const NOBODY: PartyRef = 'user:nobody'

/** A question that means nothing here. */
function unknown(
  code: ReasonCode,
  at: EpochMillis,
  { modelId }: Pick<InForce, 'modelId'>,
  statistics: RequestStatistics,
): Verdict {
  return {
    decision: false,
    reasons: [{ code }],
    chain: [],
    at,
    persona: undefined,
    owner: undefined,
    ownerPersona: undefined,
    root: undefined,
    policy: undefined,
    model: modelId,
    attributes: {},
    roundTrips: statistics.roundTrips,
  }
}

/**
 * A decision, from question to verdict: admit, locate, act, relate, gate, weigh. What a permit rests on is affirmed by the relationship
 * store in the very BatchCheck that decides; a denial that rests on anything remembered is asked again from fresh facts.
 *
 * @module
 */
import type { EpochMillis } from '@mandate/protocol'
import type { InForce } from '../policy/pack.ts'
import type { Clock, PastGrants, Relations } from '../ports.ts'
import type { Sessions } from '../remembered.ts'
import { Trail } from '../trail.ts'
import { act, actingOf } from './act.ts'
import { admit, locate } from './admit.ts'
import type { Evaluation, Verdict } from './question.ts'
import { isSettled, relate } from './relate.ts'
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
  return attempt(evaluation, deps.clock(), deps, new Trail())
}

async function attempt(evaluation: Evaluation, now: EpochMillis, deps: DecideDeps, trail: Trail): Promise<Verdict> {
  const { relations } = deps
  const policies = deps.policies()
  const { session } = evaluation
  const admitted = admit(evaluation, policies, now, session !== undefined && deps.sessions.isEnded(session))
  if (typeof admitted === 'string') return unknown(admitted, now, policies, trail)
  if (admitted.relation) return decideByRelation(admitted, admitted.relation, relations, trail)
  const [place, persona] = await Promise.all([locate(admitted, relations, trail), act(admitted, relations, trail)])
  if (!place) return { ...unknown('resource_unknown', now, policies, trail), policy: admitted.pack.version }
  const matter = { admitted, place, acting: actingOf(admitted, place, persona) }
  const related = await relate(matter, relations, trail)
  if (!trail.fresh && trail.remembered > 0 && !isSettled(related, matter)) {
    trail.fresh = true
    return attempt(evaluation, now, deps, trail)
  }
  return weigh({ ...matter, related }, deps, trail)
}

/** A question about something that nobody registered. */
function unknown(code: string, at: EpochMillis, { modelId }: InForce, trail: Trail): Verdict {
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
    roundTrips: trail.roundTrips,
  }
}

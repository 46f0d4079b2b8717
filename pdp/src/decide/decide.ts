/**
 * The decision, in steps: admit, locate, act, relate, gate, weigh. Everything that a permit rests on is checked by the engine in the questions of this
 * decision. A denial that may rest on cached facts is decided once more without the caches. What rests on facts from memory is answered only when all
 * of them were true at one moment after the request arrived, else decided again.
 *
 * @module
 */
import { type EpochMillis, Fault, hasCode, type PartyRef } from '@mandate/protocol'
import type { Awaitable } from '../ports/awaitable.ts'
import type { PastGrants } from '../ports/register.ts'
import type { Relations } from '../ports/relations.ts'
import { RequestStatistics } from '../ports/request-statistics.ts'
import { both, run, type Task, wait } from '../runtime/task.ts'
import { actingFindings, caseOf, findPersona, type PersonaLookup } from './acting-party.ts'
import { type AdmittedEvaluation, admit } from './admit.ts'
import type { DecideDeps } from './deps.ts'
import type { Evaluation } from './evaluation.ts'
import { locate, unregistered } from './locate.ts'
import { isSettled, relate } from './relate.ts'
import { decideByRelation } from './relation.ts'
import { type Verdict, verdictOf } from './verdict.ts'
import { weigh } from './weigh.ts'

/**
 * Decides one evaluation: at once where everything that it needs is in memory.
 *
 * @throws Fault when no decision is possible, `relations_unavailable` above all. Never permits then.
 */
export function decide(evaluation: Evaluation, deps: DecideDeps): Awaitable<Verdict> {
  return decideAt(evaluation, deps.clock(), deps)
}

/**
 * The same as of an instant.
 *
 * @param isDirect - Asks the engine's store for everything, past its memory.
 */
export function decideAt(
  evaluation: Evaluation,
  now: EpochMillis,
  deps: DecideDeps,
  isDirect = false,
): Awaitable<Verdict> {
  return run(decideUntilConfirmed(evaluation, now, deps, isDirect))
}

function* decideUntilConfirmed(
  evaluation: Evaluation,
  now: EpochMillis,
  deps: DecideDeps,
  isDirect: boolean,
): Task<Verdict> {
  const statistics = new RequestStatistics()
  statistics.direct = isDirect
  for (let attempt = 1; ; attempt += 1) {
    // Facts that change all the time can be had of the store itself.
    if (attempt > ATTEMPTS_FROM_MEMORY) statistics.direct = true
    if (attempt > ATTEMPTS) throw new Fault('relations_unavailable', 'facts change all the time')
    statistics.notes = deps.relations.notesVersion
    const outcome = yield* outcomeOf(evaluation, now, { ...deps, past: noted(deps, statistics) }, statistics)
    if (yield* wait(deps.relations.confirm(statistics))) {
      if ('decision' in outcome) return outcome
      throw outcome.fault
    }
    statistics.again()
  }
}

/** Decisions from memory that turn out to rest on facts that changed meanwhile, before the store itself is asked. */
const ATTEMPTS_FROM_MEMORY = 3
/** The same, with those that ask the store. */
const ATTEMPTS = 12

/** The register, with each read noted: it may know of a change that facts from memory are older than. */
function noted({ past, relations }: DecideDeps, statistics: RequestStatistics): PastGrants {
  return {
    between: (...asked) => relations.readBeside(statistics, () => past.between(...asked)),
    byId: (id) => relations.readBeside(statistics, () => past.byId(id)),
    byIds: (ids) => relations.readBeside(statistics, () => past.byIds(ids)),
    since: (resource) => relations.readBeside(statistics, () => past.since(resource)),
  }
}

/** A fault is an outcome too: it may follow from facts that were not true together. */
function* outcomeOf(
  evaluation: Evaluation,
  now: EpochMillis,
  deps: DecideDeps,
  statistics: RequestStatistics,
): Task<Verdict | { readonly fault: unknown }> {
  try {
    const cached = yield* decideOnce(evaluation, now, deps, statistics)
    if (cached) return cached
    statistics.fresh = true
    const fresh = yield* decideOnce(evaluation, now, deps, statistics)
    if (!fresh) throw new Error('a decision without caches must have a verdict')
    return fresh
  } catch (fault) {
    return { fault }
  }
}

/** @returns `undefined` where the verdict would be a denial that rests on cached facts. */
function* decideOnce(
  evaluation: Evaluation,
  now: EpochMillis,
  deps: DecideDeps,
  statistics: RequestStatistics,
): Task<Verdict | undefined> {
  const { relations } = deps
  const policies = deps.policies()
  const { subject, session: sid, sessionIssuedAt: issuedAt } = evaluation
  const isEnded = sid !== undefined && deps.sessions.isEnded({ sid, person: subject, issuedAt })
  const admitted = admit(evaluation, policies, now, isEnded)
  if ('rejected' in admitted) {
    const { rejected, policy } = admitted
    const reasons = [{ code: rejected }]
    return verdictOf({ decision: false, reasons, at: now, model: policies.modelId, policy }, statistics)
  }
  if (admitted.relation) return yield* decideByRelation(admitted, admitted.relation, relations, statistics)
  const mayBeStale = (): boolean => !statistics.fresh && statistics.remembered > 0
  const [target, persona] = yield* both(
    () => run(locate(admitted, relations, statistics)),
    () => run(findPersona(admitted, relations, statistics)),
  )
  if (!target && persona.personaUnknown && mayBeStale()) return undefined
  if (!target) return yield* denyUnregistered(admitted, persona, relations, statistics)
  const decisionCase = caseOf(admitted, target, persona)
  const related = yield* relate(decisionCase, relations, deps.past, statistics)
  if (!isSettled(related, decisionCase) && mayBeStale()) return undefined
  return yield* weigh({ ...decisionCase, related }, deps, statistics)
}

/**
 * Denies a question about a resource that is not registered. Reports what is wrong with the subject and the actor too, as for a registered resource
 * without a grant: a reader who may not know which resources exist sees no difference.
 */
function* denyUnregistered(
  admitted: AdmittedEvaluation,
  persona: PersonaLookup,
  relations: Relations,
  statistics: RequestStatistics,
): Task<Verdict> {
  const decisionCase = caseOf(admitted, unregistered(admitted.evaluation.resource, NOBODY), persona)
  const { acting, circumstances } = decisionCase
  const answers = yield* wait(relations.ask(acting.questions, circumstances, statistics))
  const findings = yield* actingFindings(decisionCase, answers, relations, statistics)
  // An unregistered agent can hold no grant, so a reason about the resource would add nothing.
  const isAgentUnknown = findings.some((finding) => hasCode(finding, 'agent_unknown'))
  return verdictOf(
    {
      decision: false,
      reasons: isAgentUnknown ? findings : [...findings, { code: 'resource_unknown' }],
      at: admitted.now,
      model: admitted.model,
      persona: persona.persona,
      policy: admitted.pack.version,
    },
    statistics,
  )
}

/** Stands for the missing owner. No pseudonym looks like it. */
const NOBODY: PartyRef = 'user:nobody'

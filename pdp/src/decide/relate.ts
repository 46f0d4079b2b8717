/**
 * Step 4, relate: which chains of grants end at whoever acts? One BatchCheck asks about the title, the subject, the actor, every giver, every
 * link and every gate at once; what was remembered and is asked about here is affirmed by it.
 *
 * @module
 */
import { Fault, hasCode } from '@mandate/protocol'
import type { Gate } from '../policy/manifest.ts'
import type { Answers, Unanswered } from '../ports/answer.ts'
import type { Candidate, PersonaId, Seat } from '../ports/grants.ts'
import type { Circumstances, Question } from '../ports/question.ts'
import type { PastGrants } from '../ports/register.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { seatKey } from '../ports/scopes.ts'
import { actQuestions, type Matter } from './act.ts'
import type { Admitted, Place } from './admit.ts'
import { type Sifted, sift } from './candidates.ts'
import { allOf, byPreference, chainQuestions, type Judged, judge } from './chain.ts'
import { gateQuestion, gatesOf } from './gate.ts'

/** How many candidates one round asks about: most often all that there are. */
const CANDIDATES_A_ROUND = 32

/** All that the store said. */
export interface Related {
  /** Whether owner, deed, persona and every parent are still as they were located. */
  readonly title: boolean
  /** Whether the subject's persona and the agents are usable: every one of the {@link actQuestions} was affirmed. */
  readonly act: boolean
  /** Answers of the last round; the {@link actQuestions} are among them. */
  readonly answers: Answers
  readonly judged: readonly Judged[]
  /** Of a candidate that could not be judged: with no good chain beside it nothing is decided. */
  readonly unanswered: Unanswered | undefined
  /** Gates that did not open, by the persona whose settings they are. */
  readonly failedGates: ReadonlyMap<PersonaId, readonly Gate[]>
}

/** The seats at which a grant that covers the place would be found for this subject and actor. */
function seatsFor({ admitted, place }: Matter): readonly Seat[] {
  const { subject, actor } = admitted.evaluation
  const seat = actor ? { delegate: actor, onBehalfOf: subject } : { delegate: subject, onBehalfOf: undefined }
  return place.within.map((scope) => ({ scope, ...seat }))
}

/**
 * Asks about every candidate. A memory of seats that shows no good chain may merely be old: then they are looked at afresh, and asked about
 * again if there is anything new.
 */
export async function relate(
  matter: Matter,
  relations: Relations,
  past: Pick<PastGrants, 'byIds'>,
  statistics: RequestStatistics,
): Promise<Related> {
  const ask = (sifted: Sifted): Promise<Related> => askAll(matter, sifted, relations, statistics)
  if (matter.acting.ownerInPerson) return ask({ likely: [], unlikely: [] })
  const seats = seatsFor(matter)
  const look = async (): Promise<Sifted> =>
    sift(await relations.candidates(seats, statistics), past, circumstancesOf(matter))
  const remembered = statistics.remembered
  const known = await look()
  const related = await ask(known)
  const isOld = statistics.remembered > remembered
  if (!isOld || !isSettled(related, matter) || related.judged.some(isGood)) return related
  statistics.fresh = true
  const found = await look()
  return namesOf(found) === namesOf(known) ? related : ask(found)
}

const namesOf = ({ likely, unlikely }: Sifted): string =>
  [...likely, ...unlikely].map(({ grant, seat }) => `${grant} ${seatKey(seat)}`).join()

/**
 * Whether what was remembered of the resource, the subject and the actor was affirmed: then a denial does not rest on it. Which personas
 * an account's owner has can only be looked up, so there a chain must be good.
 */
export function isSettled(related: Related, { acting, place }: Matter): boolean {
  const affirmed = related.title && related.act && !acting.personaUnknown
  return affirmed && (place.deed !== undefined || acting.ownerInPerson || related.judged.some(isGood))
}

/**
 * Round by round, shortest chains first, until one is good and all as short were asked about: the latest expiry is reported (rule D2). What its
 * body rules out is asked about only where nothing else is good, to say what it lacks.
 */
async function askAll(
  matter: Matter,
  { likely, unlikely }: Sifted,
  relations: Relations,
  statistics: RequestStatistics,
): Promise<Related> {
  const [first = [], ...rounds] = [...roundsOf(likely), ...roundsOf(unlikely)]
  let related = await askRound(matter, first, relations, statistics)
  for (const round of rounds) {
    const good = related.judged.find(isGood)
    const [next] = round
    if (good && next && (unlikely.includes(next) || next.path.length > good.candidate.path.length)) break
    const more = await askRound(matter, round, relations, statistics)
    const failedGates = new Map([...related.failedGates, ...more.failedGates])
    const unanswered = related.unanswered ?? more.unanswered
    related = { ...more, judged: [...related.judged, ...more.judged], unanswered, failedGates }
  }
  return { ...related, judged: [...related.judged].sort(byPreference) }
}

function roundsOf(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  const count = Math.ceil(candidates.length / CANDIDATES_A_ROUND)
  return Array.from({ length: count }, (_, index) =>
    candidates.slice(index * CANDIDATES_A_ROUND, (index + 1) * CANDIDATES_A_ROUND),
  )
}

/** Good, and within its own limits. */
export const isGood = (judged: Judged): boolean =>
  judged.objections.length === 0 && judged.limits.length === 0 && judged.affirmed

/** What all questions of a decision share. */
export function circumstancesOf({ admitted, place, acting }: Matter): Circumstances {
  return {
    model: admitted.model,
    now: admitted.now,
    action: admitted.evaluation.action,
    within: place.within,
    acting: acting.names,
    limited: admitted.limited,
    attributes: admitted.attributes.byUnit,
  }
}

async function askRound(
  matter: Matter,
  candidates: readonly Candidate[],
  relations: Relations,
  statistics: RequestStatistics,
): Promise<Related> {
  const { admitted, place, acting } = matter
  const circumstances = circumstancesOf(matter)
  const title = titleQuestions(place)
  const act = actQuestions(matter)
  const gates = acting.byAgent ? gateQuestions(admitted, place, candidates) : []
  const chains = candidates.map((candidate) => ({
    candidate,
    questions: allOf(chainQuestions(candidate, place.owner)),
  }))
  const questions = [
    ...title,
    ...act,
    ...gates.flatMap(({ question }) => question ?? []),
    ...chains.flatMap((chain) => chain.questions),
  ]
  const [answers, bodies] = await Promise.all([
    relations.ask(questions, circumstances, statistics),
    relations.bodies(
      candidates.flatMap((candidate) => candidate.path),
      statistics,
    ),
  ])
  const judged: Judged[] = []
  let unanswered: Unanswered | undefined
  for (const chain of chains) {
    const missing = answers.firstUnanswered(chain.questions)
    unanswered ??= missing
    if (!missing) judged.push(judge(chain.candidate, bodies, place.owner, answers, circumstances))
  }
  for (const one of judged) alarmOnDisagreement(one)
  return {
    title: title.every((question) => answers.affirms(question)),
    act: answers.affirmsAll(act),
    answers,
    judged,
    unanswered,
    failedGates: byPersona(gates.filter(({ question }) => !question || !answers.affirms(question))),
  }
}

function titleQuestions({ owner, root, resource, ancestors, deed, persona }: Place): readonly Question[] {
  if (deed === undefined) return []
  const steps = [resource, ...ancestors]
  const parts = ancestors.map((parent, index): Question => ({ kind: 'part', child: steps[index] ?? resource, parent }))
  return [{ kind: 'title', owner, root, deed, persona: persona ?? '' }, ...parts]
}

interface AskedGate {
  readonly gate: Gate
  readonly persona: PersonaId
  readonly question: Question | undefined
}

/** Gates are the settings of the persona the resource was created under; for an account, of each persona that candidates start from. */
function gateQuestions(admitted: Admitted, place: Place, candidates: readonly Candidate[]): readonly AskedGate[] {
  const personas = place.persona !== undefined ? [place.persona] : candidates.flatMap((one) => rootPersona(one) ?? [])
  return [...new Set(personas)].flatMap((persona) =>
    gatesOf(admitted).map((gate) => ({ gate, persona, question: gateQuestion(gate, persona, admitted) })),
  )
}

/** The persona the first link is given in. */
export function rootPersona(candidate: Candidate): PersonaId | undefined {
  const [first] = candidate.givers
  return first?.startsWith('persona:') ? first.slice('persona:'.length) : undefined
}

function byPersona(failed: readonly AskedGate[]): ReadonlyMap<PersonaId, readonly Gate[]> {
  const map = new Map<PersonaId, Gate[]>()
  for (const { gate, persona } of failed) map.set(persona, [...(map.get(persona) ?? []), gate])
  return map
}

/** The store affirmed every link, yet a body says that it cannot: one of them is wrong, so nothing is decided. */
function alarmOnDisagreement(judged: Judged): void {
  const flaw = judged.objections.find((objection) => hasCode(objection, 'grant_expired', 'grant_action', 'grant_scope'))
  if (judged.affirmed && (flaw || judged.limits.length > 0))
    throw new Fault(
      'internal',
      `store and bodies disagree about grant ${judged.candidate.grant}: ${flaw?.code ?? 'grant_limit'}`,
    )
}

/**
 * Step 4, relate: which chains of grants end at the holder? One set of questions asks about ownership, the subject, the actor, every giver, every link and
 * every gate. It re-checks all cached facts that the chains were built from.
 *
 * @module
 */
import { Fault, hasCode } from '@mandate/protocol'
import type { Gate } from '../policy/manifest.ts'
import type { Answers, Unanswered } from '../ports/answer.ts'
import type { Candidate, GrantBody, Located, PersonaId, Seat } from '../ports/grants.ts'
import type { Question } from '../ports/question.ts'
import type { PastGrants } from '../ports/register.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { seatKey } from '../ports/scopes.ts'
import { both, type Task, wait } from '../runtime/task.ts'
import type { Case } from './acting-party.ts'
import type { AdmittedEvaluation } from './admit.ts'
import { likelyByBodies, type RankedCandidates, rankCandidates } from './candidates.ts'
import { byPreference, chainQuestions, type JudgedChain, judgeChain } from './chain.ts'
import { gateQuestion, gatesOf } from './gate.ts'
import type { Target } from './locate.ts'

/** Bodies of grants by id. */
type Bodies = ReadonlyMap<string, GrantBody>

/** Candidates that one BatchCheck asks about. Most questions have fewer. */
const CANDIDATES_PER_ROUND = 32

/** What OpenFGA answered. */
export interface RelateResult {
  /** Whether OpenFGA affirmed the owner, deed, persona and parents that step 2 found. */
  readonly title: boolean
  /** Whether the subject's persona and the agents are usable: every one of the acting party's questions was affirmed. */
  readonly act: boolean
  /** Answers of the last round; those to the acting party's questions are among them. */
  readonly answers: Answers
  readonly judged: readonly JudgedChain[]
  /** Why a candidate could not be judged. Without another good chain, nothing can be decided. */
  readonly unanswered: Unanswered | undefined
  /** Failed gates, by the persona whose settings they are. */
  readonly failedGates: ReadonlyMap<PersonaId, readonly Gate[]>
}

/** The seats at which a grant that covers the target is found for this subject and actor. */
function seatsFor({ admitted, target }: Case): readonly Seat[] {
  const { subject, actor } = admitted.evaluation
  const seat = actor ? { delegate: actor, onBehalfOf: subject } : { delegate: subject, onBehalfOf: undefined }
  return target.within.map((scope) => ({ scope, ...seat }))
}

/** Looks at candidates that a concurrent change replaces again and again. */
const LOOKS = 5

/**
 * Asks about every candidate. When no chain of the cached candidates is good, reads the candidates without the cache, and asks again if they differ;
 * likewise where a candidate that the store has just listed was gone when it was asked about, since another may have taken its place meanwhile.
 *
 * @throws Fault `relations_unavailable` when they differ each time.
 */
export function* relate(
  decisionCase: Case,
  relations: Relations,
  past: Pick<PastGrants, 'byIds'>,
  statistics: RequestStatistics,
): Task<RelateResult> {
  const ask = (ranked: RankedCandidates): Task<RelateResult> => askAll(decisionCase, ranked, relations, statistics)
  if (decisionCase.acting.ownerInPerson) return yield* ask(NO_CANDIDATES)
  const seats = seatsFor(decisionCase)
  if (relations.isInMemory) {
    const permitting = yield* findPermit(decisionCase, seats, relations, statistics)
    if (permitting) return permitting
  }
  function* look(): Task<RankedCandidates> {
    return yield* rankCandidates(yield* wait(relations.candidates(seats, statistics)), past, decisionCase.circumstances)
  }
  const remembered = statistics.remembered
  let known = yield* look()
  let related = yield* ask(known)
  let isOld = statistics.remembered > remembered
  // Facts from memory are confirmed to have been true together, by `Relations.confirm`.
  const isRead = !relations.isInMemory || statistics.direct
  const mayHaveChanged = (): boolean =>
    !related.judged.some(isGood) && ((isOld && isSettled(related, decisionCase)) || (isRead && isOneGone(related)))
  for (let looks = 1; mayHaveChanged(); looks += 1) {
    if (looks === LOOKS) throw new Fault('relations_unavailable', 'grants are replaced between reading and asking')
    statistics.fresh = true
    isOld = false
    const found = yield* look()
    if (namesOf(found) === namesOf(known)) return related
    known = found
    related = yield* ask(found)
  }
  return related
}

const NO_CANDIDATES: RankedCandidates = { likely: [], unlikely: [] }

const isOneGone = ({ judged }: RelateResult): boolean =>
  judged.some(({ objections }) => objections.some((objection) => hasCode(objection, 'grant_revoked')))

/**
 * Looks for a permit without the register, which knows which grants have ended and only saves questions. A denial is explained from the register.
 *
 * @returns `undefined` where there is no permit.
 */
function* findPermit(
  decisionCase: Case,
  seats: readonly Seat[],
  relations: Relations,
  statistics: RequestStatistics,
): Task<RelateResult | undefined> {
  const candidates = yield* wait(relations.candidates(seats, statistics))
  if (candidates.length === 0) return undefined
  const bodies = yield* wait(relations.bodies(idsIn(candidates), statistics))
  const likely = likelyByBodies(candidates, bodies, decisionCase.circumstances)
  if (likely.length === 0) return undefined
  const related = yield* askAll(decisionCase, { likely, unlikely: [] }, relations, statistics, bodies)
  const isOpen = ({ candidate }: JudgedChain): boolean =>
    !related.failedGates.has(decisionCase.target.persona ?? rootPersona(candidate) ?? '')
  const permits = related.title && related.act && related.judged.some((judged) => isGood(judged) && isOpen(judged))
  return permits ? related : undefined
}

const idsIn = (candidates: readonly Candidate[]): readonly string[] => candidates.flatMap(({ path }) => path)

const namesOf = ({ likely, unlikely }: RankedCandidates): string =>
  [...likely, ...unlikely].map(({ grant, seat }) => `${grant} ${seatKey(seat)}`).join()

/**
 * Whether OpenFGA affirmed all cached facts about the resource, the subject and the actor, so that a denial does not rest on a stale one. The list of an
 * account owner's personas cannot be affirmed, so a denial about an account is never settled.
 */
export function isSettled(related: RelateResult, { acting, target }: Case): boolean {
  const affirmed = related.title && related.act && !acting.personaUnknown
  return affirmed && (target.deed !== undefined || acting.ownerInPerson || related.judged.some(isGood))
}

/**
 * Asks in rounds, shortest chains first, until a chain is good and all chains of its length were asked about: of those, the one that expires last is
 * reported (rule D2). Unlikely candidates are asked about only when no other is good, to explain the denial.
 *
 * @param known - The bodies of all candidates, where they have been read for this decision.
 */
function* askAll(
  decisionCase: Case,
  { likely, unlikely }: RankedCandidates,
  relations: Relations,
  statistics: RequestStatistics,
  known?: Bodies,
): Task<RelateResult> {
  const [first = [], ...rounds] = [...roundsOf(likely), ...roundsOf(unlikely)]
  let related = yield* askRound(decisionCase, first, relations, statistics, known)
  for (const round of rounds) {
    const good = related.judged.find(isGood)
    const [next] = round
    if (good && next && (unlikely.includes(next) || next.path.length > good.candidate.path.length)) break
    const more = yield* askRound(decisionCase, round, relations, statistics, known)
    const failedGates = new Map([...related.failedGates, ...more.failedGates])
    const unanswered = related.unanswered ?? more.unanswered
    related = { ...more, judged: [...related.judged, ...more.judged], unanswered, failedGates }
  }
  return { ...related, judged: [...related.judged].sort(byPreference) }
}

function roundsOf(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  if (candidates.length <= CANDIDATES_PER_ROUND) return candidates.length === 0 ? [] : [candidates]
  const count = Math.ceil(candidates.length / CANDIDATES_PER_ROUND)
  return Array.from({ length: count }, (_, index) =>
    candidates.slice(index * CANDIDATES_PER_ROUND, (index + 1) * CANDIDATES_PER_ROUND),
  )
}

/** Whether the chain confers authority, its own limits included. */
export const isGood = (judged: JudgedChain): boolean =>
  judged.objections.length === 0 && judged.limits.length === 0 && judged.affirmed

function* askRound(
  decisionCase: Case,
  candidates: readonly Candidate[],
  relations: Relations,
  statistics: RequestStatistics,
  known?: Bodies,
): Task<RelateResult> {
  const { admitted, target, acting, circumstances } = decisionCase
  const title = titleQuestions(target)
  const act = acting.questions
  const gates = acting.byAgent ? gateQuestions(admitted, target, candidates) : []
  const chains = candidates.map((candidate) => {
    const asked = chainQuestions(candidate, target.owner)
    return { candidate, asked, questions: asked.all }
  })
  const questions = [
    ...title,
    ...act,
    ...gates.flatMap(({ question }) => question ?? []),
    ...chains.flatMap((chain) => chain.questions),
  ]
  const [answers, bodies] = yield* both(
    () => relations.ask(questions, circumstances, statistics),
    () => known ?? relations.bodies(idsIn(candidates), statistics),
  )
  const answered = chains.filter((chain) => !answers.firstUnanswered(chain.questions))
  const judged = answered.map(({ candidate, asked }) =>
    judgeChain(candidate, bodies, target.owner, answers, circumstances, asked),
  )
  for (const chain of judged) requireAgreement(chain)
  return {
    title: title.every((question) => answers.affirms(question)),
    act: answers.affirmsAll(act),
    answers,
    judged,
    unanswered: answers.firstUnanswered(chains.flatMap((chain) => chain.questions)),
    failedGates: byPersona(gates.filter(({ question }) => !question || !answers.affirms(question))),
  }
}

/** Places in memory are the same objects for many decisions. */
const TITLES = new WeakMap<Located, readonly Question[]>()

function titleQuestions({ located }: Target): readonly Question[] {
  if (!located) return []
  const known = TITLES.get(located)
  if (known) return known
  const { owner, root, resource, ancestors, deed, persona } = located
  const steps = [resource, ...ancestors]
  const parts = ancestors.map((parent, index): Question => ({ kind: 'part', child: steps[index] ?? resource, parent }))
  const questions: readonly Question[] = [{ kind: 'title', owner, root, deed, persona }, ...parts]
  TITLES.set(located, questions)
  return questions
}

interface AskedGate {
  readonly gate: Gate
  readonly persona: PersonaId
  readonly question: Question | undefined
}

/** The gates of the persona that the resource was created under; for an account, of each persona that a candidate's chain starts with. */
function gateQuestions(
  admitted: AdmittedEvaluation,
  target: Target,
  candidates: readonly Candidate[],
): readonly AskedGate[] {
  const personas = target.persona !== undefined ? [target.persona] : candidates.flatMap((one) => rootPersona(one) ?? [])
  return [...new Set(personas)].flatMap((persona) =>
    gatesOf(admitted).map((gate) => ({ gate, persona, question: gateQuestion(gate, persona, admitted) })),
  )
}

/** The persona that gave the first grant. `undefined` when an agent gave it. */
export function rootPersona(candidate: Candidate): PersonaId | undefined {
  const [first] = candidate.givers
  return first?.startsWith('persona:') ? first.slice('persona:'.length) : undefined
}

function byPersona(failed: readonly AskedGate[]): ReadonlyMap<PersonaId, readonly Gate[]> {
  const map = new Map<PersonaId, Gate[]>()
  for (const { gate, persona } of failed) map.set(persona, [...(map.get(persona) ?? []), gate])
  return map
}

/**
 * OpenFGA and the bodies evaluate expiry, action, scope and limits independently.
 *
 * @throws Fault `internal` when OpenFGA affirmed a chain that a body rules out.
 */
function requireAgreement(judged: JudgedChain): void {
  const flaw = judged.objections.find((objection) => hasCode(objection, 'grant_expired', 'grant_action', 'grant_scope'))
  if (judged.affirmed && (flaw || judged.limits.length > 0))
    throw new Fault(
      'internal',
      `store and bodies disagree about grant ${judged.candidate.grant}: ${flaw?.code ?? 'grant_limit'}`,
    )
}

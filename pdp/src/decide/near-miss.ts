/**
 * Explains why no chain is good, by one reason: what the grant lacks that comes nearest to a permit, among the owner's grants to the holder (rule R1).
 *
 * @module
 */
import type { DecisionCode, PartyRef, ReasonCode } from '@mandate/protocol'
import type { Answers } from '../ports/answer.ts'
import type { Candidate, GrantBody, GrantRecord } from '../ports/grants.ts'
import type { PastGrants } from '../ports/register.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { type Task, wait } from '../runtime/task.ts'
import type { Case } from './acting-party.ts'
import type { AdmittedEvaluation } from './admit.ts'
import { type ChainQuestions, chainQuestions, type JudgedChain, staticFlaws } from './chain.ts'
import type { Target } from './locate.ts'
import type { Finding } from './verdict.ts'

/** Most grants of one owner to one delegate that are examined. Those that cover the resource are examined first. */
const MAX_EXAMINED = 50

/** Among misses with equally many flaws, the one whose code comes first here is the nearest. */
const NEARNESS: readonly DecisionCode[] = [
  'grant_expired',
  'grant_revoked',
  'grant_scope',
  'grant_action',
  'grant_persona',
  'owner_persona_unusable',
  'chain_broken',
]

export interface NearMissDeps {
  readonly relations: Relations
  readonly past: PastGrants
}

export interface NearMiss {
  readonly finding: Finding
  /** The last grant of the chain that the finding is about. */
  readonly grant: string | undefined
}

/** The flaws of one chain. */
interface Miss {
  /** The chain's last grant. */
  readonly grant: string
  readonly flaws: readonly Finding[]
}

/**
 * Finds the one reason: `not_on_behalf`, a flaw of the nearest miss, or `no_grant`. A chain that has ended or is too narrow has only those flaws, so
 * that the answer does not depend on whether the engine still stores it. Any other chain has the flaws that the engine's answers show.
 */
export function* nearMiss(
  decisionCase: Case,
  judged: readonly JudgedChain[],
  { relations, past }: NearMissDeps,
  statistics: RequestStatistics,
): Task<NearMiss> {
  const { admitted, target, acting } = decisionCase
  const seated = new Map(judged.map((one) => [one.candidate.grant, one.objections]))
  const misses: Miss[] = []
  const elsewhere: GrantRecord[] = []
  const remembered = yield* wait(past.between(target.owner, acting.holder, target.within, MAX_EXAMINED))
  const links = yield* wait(past.byIds(remembered.flatMap(({ path }) => path)))
  for (const record of remembered) {
    const flaws = rememberedFlaws(record, target, admitted, links)
    const objections = seated.get(record.id)
    if (flaws.length > 0) misses.push({ grant: record.id, flaws })
    else if (objections) misses.push({ grant: record.id, flaws: objections })
    else if (acting.byAgent && forAnother(record, admitted)) elsewhere.push(record)
    seated.delete(record.id)
  }
  for (const [grant, flaws] of seated) misses.push({ grant, flaws })
  const others = yield* flawsElsewhere(elsewhere, decisionCase, relations, statistics)
  const good = elsewhere.find((_, index) => others[index]?.length === 0)
  if (good) return { finding: { code: 'not_on_behalf', grant: good.id }, grant: good.id }
  misses.push(...elsewhere.map(({ id }, index) => ({ grant: id, flaws: others[index] ?? [] })))
  const [nearest] = misses.filter(({ flaws }) => flaws.length > 0).sort(byNearness)
  return { finding: nearest?.flaws.toSorted(byCode)[0] ?? { code: 'no_grant' }, grant: nearest?.grant }
}

/**
 * Whether an agent holds the grant, but may not use it for this subject: another delegator gave it, or the agent acts on its own and the grant is
 * attended. A grant from an agent is never used on behalf of a person (rule G2).
 */
function forAnother(record: GrantRecord, { evaluation }: AdmittedEvaluation): boolean {
  const { actor, subject } = evaluation
  return actor === undefined ? !record.unattended : record.delegator !== subject || subject.startsWith('agent:')
}

/** Flaws that the register shows. When a grant above ends, the grant has ended too (rule E2). */
function rememberedFlaws(
  record: GrantRecord,
  target: Target,
  admitted: AdmittedEvaluation,
  links: ReadonlyMap<string, GrantRecord>,
): readonly Finding[] {
  const circumstances = { now: admitted.now, action: admitted.evaluation.action, within: target.within }
  const codes = new Map<ReasonCode, string>()
  for (const id of record.path) {
    const link = links.get(id)
    if (!link) codes.set('chain_broken', id)
    else if (link.revokedAt !== undefined) codes.set('grant_revoked', id)
    for (const code of link ? staticFlaws(link, circumstances) : []) if (!codes.has(code)) codes.set(code, id)
  }
  return [...codes].map(([code, grant]) => ({ code, grant }))
}

/**
 * Asks OpenFGA whether an agent's grants would be good if used on behalf of their delegators. A grant without flaws is good, but not for this subject.
 */
function* flawsElsewhere(
  records: readonly GrantRecord[],
  decisionCase: Case,
  relations: Relations,
  statistics: RequestStatistics,
): Task<readonly (readonly Finding[])[]> {
  if (records.length === 0) return []
  const candidates = records.map((record) => candidateFor(record, decisionCase.acting.holder))
  const names = ['', ...records.map(({ delegatorPersona }) => `persona:${delegatorPersona}`)]
  const circumstances = { ...decisionCase.circumstances, acting: names, limited: false }
  const asked = candidates.map((candidate) => ({
    grant: candidate.grant,
    questions: chainQuestions(candidate, decisionCase.target.owner),
  }))
  const everyQuestion = asked.flatMap(({ questions }) => questions.all)
  const answers = yield* wait(relations.ask(everyQuestion, circumstances, statistics))
  const unanswered = answers.firstUnanswered(everyQuestion)
  if (unanswered) throw unanswered
  return asked.map(({ grant, questions }) => flawsIn(questions, answers).map((code) => ({ code, grant })))
}

function flawsIn(questions: ChainQuestions, answers: Answers): readonly ReasonCode[] {
  const [first] = questions.givers.keys()
  const unusable = [...questions.givers].filter(([, question]) => !answers.affirms(question)).map(([giver]) => giver)
  const codes = unusable.map((giver) => (giver === first ? 'owner_persona_unusable' : 'chain_broken'))
  if (codes.length === 0 && !answers.affirmsAll(questions.all)) return ['grant_revoked']
  return [...new Set(codes)]
}

function candidateFor(record: GrantBody, agent: PartyRef): Candidate {
  const fromPerson = record.delegator.startsWith('user:')
  const seat = { scope: record.scope, delegate: agent, onBehalfOf: fromPerson ? record.delegator : undefined }
  return { grant: record.id, seat, path: record.path, givers: record.givers }
}

const rank = (finding: Finding): number => NEARNESS.indexOf(finding.code)
const byCode = (a: Finding, b: Finding): number => rank(a) - rank(b)

function byNearness({ flaws: a }: Miss, { flaws: b }: Miss): number {
  const nearest = (findings: readonly Finding[]) => Math.min(...findings.map(rank))
  return a.length - b.length || nearest(a) - nearest(b)
}

/**
 * Why there is no good chain: one relation code, from the nearest miss among the grants that reach whoever acts (rule R1).
 *
 * @module
 */
import type { DecisionCode, PartyRef, ReasonCode } from '@mandate/protocol'
import type { Answers } from '../ports/answer.ts'
import type { Candidate, GrantBody, GrantRecord } from '../ports/grants.ts'
import type { PastGrants } from '../ports/register.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import type { Matter } from './act.ts'
import type { Admitted, Place } from './admit.ts'
import { allOf, type ChainQuestions, chainQuestions, type Judged, staticFlaws } from './chain.ts'
import type { Finding } from './question.ts'
import { circumstancesOf } from './relate.ts'

/** How many remembered grants between one owner and one delegate are looked at, those that cover the place first. */
const LOOKED_AT = 50

/** Of two misses with as few objections, the code that stands first here is the nearer. */
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

/** What missed by least. `grant`: the last link of the chain that it is of. */
export interface NearMiss {
  readonly finding: Finding
  readonly grant: string | undefined
}

/** What stands against one chain, by its last link. */
interface Miss {
  readonly grant: string
  readonly flaws: readonly Finding[]
}

/**
 * Exactly one finding: `not_on_behalf`, the nearest miss, or `no_grant`. A chain that has ended or is too narrow misses by that alone, so that
 * it makes no difference whether its tuples are still there; one that is neither misses by its givers and personas.
 */
export async function nearMiss(
  matter: Matter,
  judged: readonly Judged[],
  { relations, past }: NearMissDeps,
  statistics: RequestStatistics,
): Promise<NearMiss> {
  const { admitted, place, acting } = matter
  const seated = new Map(judged.map((one) => [one.candidate.grant, one.objections]))
  const misses: Miss[] = []
  const elsewhere: GrantRecord[] = []
  const remembered = await past.between(place.owner, acting.holder, place.within, LOOKED_AT)
  const links = await past.byIds(remembered.flatMap(({ path }) => path))
  for (const record of remembered) {
    const flaws = rememberedFlaws(record, place, admitted, links)
    const objections = seated.get(record.id)
    if (flaws.length > 0) misses.push({ grant: record.id, flaws })
    else if (objections) misses.push({ grant: record.id, flaws: objections })
    else if (acting.byAgent && forAnother(record, admitted)) elsewhere.push(record)
    seated.delete(record.id)
  }
  for (const [grant, flaws] of seated) misses.push({ grant, flaws })
  const others = await flawsElsewhere(elsewhere, matter, relations, statistics)
  const good = elsewhere.find((_, index) => others[index]?.length === 0)
  if (good) return { finding: { code: 'not_on_behalf', grant: good.id }, grant: good.id }
  misses.push(...elsewhere.map(({ id }, index) => ({ grant: id, flaws: others[index] ?? [] })))
  const [nearest] = misses.filter(({ flaws }) => flaws.length > 0).sort(byNearness)
  return { finding: nearest?.flaws.toSorted(byCode)[0] ?? { code: 'no_grant' }, grant: nearest?.grant }
}

/**
 * Whether an agent holds it from somebody else than who it acts for now, or only for somebody. What an agent was given by an agent it uses
 * for nobody (rule G2).
 */
function forAnother(record: GrantRecord, { evaluation }: Admitted): boolean {
  const { actor, subject } = evaluation
  return actor === undefined ? !record.unattended : record.delegator !== subject || subject.startsWith('agent:')
}

/** What a remembered grant lacks; its ancestors' ends are its own (rule E2). */
function rememberedFlaws(
  record: GrantRecord,
  place: Place,
  admitted: Admitted,
  links: ReadonlyMap<string, GrantRecord>,
): readonly Finding[] {
  const circumstances = { now: admitted.now, action: admitted.evaluation.action, within: place.within }
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
 * Asks the store what stands against an agent's grants when they are used for whoever gave them. One that nothing stands against is merely
 * not for this subject.
 */
async function flawsElsewhere(
  records: readonly GrantRecord[],
  matter: Matter,
  relations: Relations,
  statistics: RequestStatistics,
): Promise<readonly (readonly Finding[])[]> {
  if (records.length === 0) return []
  const candidates = records.map((record) => candidateFor(record, matter.acting.holder))
  const names = ['', ...records.map(({ delegatorPersona }) => `persona:${delegatorPersona}`)]
  const circumstances = { ...circumstancesOf(matter), acting: names, limited: false }
  const asked = candidates.map((candidate) => ({
    grant: candidate.grant,
    questions: chainQuestions(candidate, matter.place.owner),
  }))
  const everyQuestion = asked.flatMap(({ questions }) => allOf(questions))
  const answers = await relations.ask(everyQuestion, circumstances, statistics)
  const unanswered = answers.firstUnanswered(everyQuestion)
  if (unanswered) throw unanswered
  return asked.map(({ grant, questions }) => flawsIn(questions, answers).map((code) => ({ code, grant })))
}

function flawsIn(questions: ChainQuestions, answers: Answers): readonly ReasonCode[] {
  const [owners] = questions.givers.keys()
  const unusable = [...questions.givers].filter(([, question]) => !answers.affirms(question)).map(([giver]) => giver)
  const codes = unusable.map((giver) => (giver === owners ? 'owner_persona_unusable' : 'chain_broken'))
  if (codes.length === 0 && !answers.affirmsAll(allOf(questions))) return ['grant_revoked']
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

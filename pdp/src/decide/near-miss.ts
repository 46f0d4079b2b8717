/**
 * Why there is no good chain: one relation code, from the nearest miss among the grants that reach whoever acts (design 3, *Codes*).
 *
 * @module
 */
import type { PartyRef } from '@mandate/protocol'
import { seatOf, seatOnBehalf } from '../names.ts'
import type { Candidate, GrantBody, GrantRecord, PastGrants, Question, Relations } from '../ports.ts'
import type { Trail } from '../trail.ts'
import type { Acting } from './act.ts'
import type { Admitted, Place } from './admit.ts'
import { chainQuestions, giverQuestion, type Judged, staticFlaws } from './chain.ts'
import type { Finding } from './question.ts'
import { circumstancesOf } from './relate.ts'

/** How many remembered grants between one owner and one delegate are looked at, newest first. */
const LOOKED_AT = 50

/** Of two misses with as few objections, the code that stands first here is the nearer. */
const NEARNESS = [
  'grant_limit',
  'grant_expired',
  'grant_revoked',
  'grant_scope',
  'grant_action',
  'grant_persona',
  'owner_persona_unusable',
  'chain_broken',
] as const

export interface NearMissDeps {
  readonly relations: Relations
  readonly past: PastGrants
}

/** Exactly one finding: `not_on_behalf`, the nearest miss, or `no_grant`. */
export async function nearMiss(
  admitted: Admitted,
  place: Place,
  acting: Acting,
  judged: readonly Judged[],
  { relations, past }: NearMissDeps,
  trail: Trail,
): Promise<Finding> {
  const records = past.between(place.owner, acting.holder, LOOKED_AT)
  const known = new Set(judged.map((one) => one.candidate.grant))
  const others = records.filter((record) => !known.has(record.id))
  const flawed = others.map((record) => ({ record, flaws: rememberedFlaws(record, place, admitted, past) }))
  const elsewhere = flawed.filter(
    ({ record, flaws }) => acting.byAgent && flaws.length === 0 && forAnother(record, admitted),
  )
  for (const { record } of elsewhere) {
    if (await isGoodElsewhere(record, admitted, place, acting, relations, trail))
      return { code: 'not_on_behalf', grant: record.id }
  }
  const misses = [
    ...judged.filter(({ objections }) => objections.length > 0).map(({ objections }) => objections),
    ...flawed.filter(({ flaws }) => flaws.length > 0).map(({ flaws }) => flaws),
  ]
  return misses.sort(byNearness)[0]?.toSorted(byCode)[0] ?? { code: 'no_grant' }
}

/** Whether an agent holds it from somebody else than who it acts for now, or only for somebody. */
function forAnother(record: GrantRecord, { evaluation }: Admitted): boolean {
  return evaluation.actor === undefined ? !record.unattended : record.delegator !== evaluation.subject
}

/** What a remembered grant lacks; its ancestors' ends are its own (rule E2). */
function rememberedFlaws(record: GrantRecord, place: Place, admitted: Admitted, past: PastGrants): readonly Finding[] {
  const circumstances = { now: admitted.now, action: admitted.evaluation.action, within: place.within }
  const codes = new Map<string, string>()
  for (const id of record.path) {
    const link = past.byId(id)
    if (!link) codes.set('chain_broken', id)
    else if (link.revokedAt !== undefined) codes.set('grant_revoked', id)
    for (const code of link ? staticFlaws(link, circumstances) : []) if (!codes.has(code)) codes.set(code, id)
  }
  return [...codes].map(([code, grant]) => ({ code, grant }))
}

/** Asks the store whether the agent's grant would be good for the one who gave it: then, and only then, is it merely not for this subject. */
async function isGoodElsewhere(
  record: GrantBody,
  admitted: Admitted,
  place: Place,
  acting: Acting,
  relations: Relations,
  trail: Trail,
): Promise<boolean> {
  const candidate = candidateFor(record, acting.holder)
  const base = circumstancesOf(admitted, place, acting, [candidate])
  const circumstances = { ...base, acting: ['', `persona:${record.delegatorPersona}`], limited: false }
  const questions: readonly Question[] = [
    ...candidate.givers.map(giverQuestion),
    ...chainQuestions(candidate, place.owner),
  ]
  return (await relations.ask(questions, circumstances, trail)).every((answer) => answer)
}

function candidateFor(record: GrantBody, agent: PartyRef): Candidate {
  const fromPerson = record.delegator.startsWith('user:')
  const seat = fromPerson ? seatOnBehalf(record.scope, record.delegator, agent) : seatOf(record.scope, agent)
  return { grant: record.id, seat, path: record.path, givers: record.givers }
}

const rank = (finding: Finding): number => NEARNESS.indexOf(finding.code as (typeof NEARNESS)[number])
const byCode = (a: Finding, b: Finding): number => rank(a) - rank(b)

function byNearness(a: readonly Finding[], b: readonly Finding[]): number {
  const nearest = (findings: readonly Finding[]) => Math.min(...findings.map(rank))
  return a.length - b.length || nearest(a) - nearest(b)
}

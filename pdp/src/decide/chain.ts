/**
 * Chains of grants, judged link by link from the grants' bodies and OpenFGA's answers. Pure: no clock, no I/O.
 *
 * @module
 */
import type { Link, PartyRef, ReasonCode } from '@mandate/protocol'
import type { Answers } from '../ports/answer.ts'
import type { Candidate, Giver, GrantBody } from '../ports/grants.ts'
import { personaName, personaParts } from '../ports/persona-id.ts'
import { type Circumstances, type Question, usableQuestion } from '../ports/question.ts'
import { includesScope, isScopeWithin } from '../ports/scopes.ts'
import { attributeOfKey } from './attributes.ts'
import type { Finding } from './verdict.ts'

/** One candidate's chain, judged. It is good when `objections` and `limits` are empty and it is affirmed (rule D1). */
export interface JudgedChain {
  readonly candidate: Candidate
  readonly bodies: readonly GrantBody[]
  readonly objections: readonly Finding[]
  /** Exceeded limits. They make a chain unusable for this question, not broken (rule D3). */
  readonly limits: readonly Finding[]
  /** Whether OpenFGA affirmed the seat and every link, limits included. */
  readonly affirmed: boolean
}

/** The questions whose answers decide whether a candidate's chain is good. */
export interface ChainQuestions {
  readonly seat: Question
  /** By grant id, the first link first. */
  readonly links: ReadonlyMap<string, Question>
  readonly givers: ReadonlyMap<Giver, Question>
  /** All of them: the givers' first, then the seat's, then the links'. */
  readonly all: readonly Question[]
}

interface KnownQuestions {
  readonly owner: PartyRef
  readonly questions: ChainQuestions
}
/** Candidates in memory are the same objects for many decisions. */
const KNOWN_QUESTIONS = new WeakMap<Candidate, KnownQuestions>()

export function chainQuestions(candidate: Candidate, owner: PartyRef): ChainQuestions {
  const known = KNOWN_QUESTIONS.get(candidate)
  if (known?.owner === owner) return known.questions
  const questions = buildQuestions(candidate, owner)
  KNOWN_QUESTIONS.set(candidate, { owner, questions })
  return questions
}

function buildQuestions({ grant, seat, path, givers }: Candidate, owner: PartyRef): ChainQuestions {
  // One giver per link, as no delegator occurs twice in a chain. When the candidate's lists differ in length, the bodies decide.
  const giversAt = (index: number) => (givers.length === path.length ? givers.slice(index, index + 1) : givers)
  const links = path.map((id, index): readonly [string, Question] => {
    const parent = path[index - 1]
    const link = { grant: id, standing: giversAt(index) }
    return [id, parent === undefined ? { kind: 'root', owner, ...link } : { kind: 'parent', parent, ...link }]
  })
  const seated: Question = { kind: 'seat', seat, grant }
  const usable = givers.map((giver): readonly [Giver, Question] => [giver, usableQuestion(giver)])
  const asked = [...usable.map(([, question]) => question), seated, ...links.map(([, question]) => question)]
  return { seat: seated, links: new Map(links), givers: new Map(usable), all: asked }
}

/**
 * Finds every objection to a candidate. Where a body and an answer disagree, the candidate is not good.
 *
 * @param questions - The {@link chainQuestions} as they were asked: looking up the same objects is cheaper.
 * @throws Unanswered when one of the {@link chainQuestions} has no answer.
 */
export function judgeChain(
  candidate: Candidate,
  bodies: ReadonlyMap<string, GrantBody>,
  owner: PartyRef,
  answers: Answers,
  circumstances: Circumstances,
  questions = chainQuestions(candidate, owner),
): JudgedChain {
  const chain = candidate.path.flatMap((id) => bodies.get(id) ?? [])
  if (chain.length !== candidate.path.length || candidate.path.length === 0)
    return {
      candidate,
      bodies: chain,
      objections: [{ code: 'chain_broken', grant: candidate.grant }],
      limits: [],
      affirmed: false,
    }
  // Throws for a question without an answer, even where another is denied.
  for (const question of questions.all) answers.affirms(question)
  const affirms = (question: Question | undefined): boolean => question !== undefined && answers.affirms(question)
  const isSeated = affirms(questions.seat)
  const objections = new Map<string, Finding>()
  const object = (code: ReasonCode, grant: string): void => {
    if (!objections.has(code)) objections.set(code, { code, grant })
  }
  const limits: Finding[] = []
  chain.forEach((body, index) => {
    const flaws = staticFlaws(body, circumstances)
    for (const code of flaws) object(code, body.id)
    const breached = circumstances.limited ? breachedLimits(body, circumstances.attributes) : []
    limits.push(...breached)
    const giverUsable = affirms(questions.givers.get(giverOf(body)))
    if (!giverUsable) object(index === 0 ? 'owner_persona_unusable' : 'chain_broken', body.id)
    if (flaws.length === 0 && breached.length === 0 && giverUsable && !affirms(questions.links.get(body.id)))
      object('grant_revoked', body.id)
  })
  for (const id of brokenLinksOf(chain, owner, candidate)) object('chain_broken', id)
  if (!isSeated) object(seatFlaw(chain, candidate, circumstances), candidate.grant)
  const affirmed = isSeated && chain.every(({ id }) => affirms(questions.links.get(id)))
  return { candidate, bodies: chain, objections: [...objections.values()], limits, affirmed }
}

/** Flaws that the body alone shows. */
export function staticFlaws(
  body: GrantBody,
  circumstances: Pick<Circumstances, 'now' | 'action' | 'within'>,
): readonly ReasonCode[] {
  const flaws: ReasonCode[] = []
  if (body.expiresAt <= circumstances.now) flaws.push('grant_expired')
  if (!includesScope(circumstances.within, body.scope)) flaws.push('grant_scope')
  if (!body.actions.includes(circumstances.action)) flaws.push('grant_action')
  return flaws
}

/** Why OpenFGA denied the seat: the persona does not fit, or the grant has ended. */
function seatFlaw(chain: readonly GrantBody[], candidate: Candidate, circumstances: Circumstances): ReasonCode {
  const leaf = chain[chain.length - 1]
  if (!leaf) return 'chain_broken'
  const isOnBehalf = leaf.delegate.startsWith('agent:') && candidate.seat.onBehalfOf !== undefined
  const asks = isOnBehalf ? `persona:${leaf.delegatorPersona}` : leaf.asks
  return circumstances.acting.includes(asks) ? 'grant_revoked' : 'grant_persona'
}

/** The giver of a grant. */
export const giverOf = (body: GrantBody): Giver => body.givers[body.givers.length - 1] ?? 'agent:'

interface KnownStructure {
  readonly chain: readonly GrantBody[]
  readonly owner: PartyRef
  readonly broken: readonly string[]
}
const STRUCTURES = new WeakMap<Candidate, KnownStructure>()

/** {@link brokenLinks}, which depend on the bodies, the owner and the candidate alone: found once while these are the same objects. */
function brokenLinksOf(chain: readonly GrantBody[], owner: PartyRef, candidate: Candidate): readonly string[] {
  const known = STRUCTURES.get(candidate)
  if (known?.owner === owner && chain.every((body, index) => body === known.chain[index])) return known.broken
  const broken = [...brokenLinks(chain, owner, candidate)]
  STRUCTURES.set(candidate, { chain, owner, broken })
  return broken
}

/** Grants that do not continue their parent, or that widen it. Checked at every use, though it was checked when the grant was issued (rule D1). */
function* brokenLinks(chain: readonly GrantBody[], owner: PartyRef, candidate: Candidate): Generator<string> {
  let parent: GrantBody | undefined
  for (const [index, body] of chain.entries()) {
    if (body.owner !== owner || !isBeginning(body.path, candidate.path, index + 1)) yield body.id
    if (!parent && (body.delegator !== owner || body.parent !== undefined)) yield body.id
    if (parent && !follows(body, parent)) yield body.id
    if (!candidate.givers.includes(giverOf(body))) yield body.id
    parent = body
  }
}

/** Whether a path consists of the first ids of another one. */
const isBeginning = (path: readonly string[], whole: readonly string[], length: number): boolean =>
  path.length === length && path.every((id, index) => id === whole[index])

function follows(body: GrantBody, parent: GrantBody): boolean {
  return (
    body.parent === parent.id &&
    body.delegator === parent.delegate &&
    personaFits(body.delegatorPersona, parent.asks) &&
    widening(body, parent) === undefined
  )
}

/** Whether a persona satisfies the one that a grant requires: any, a title, or title/circle. */
export function personaFits(persona: string, asks: string): boolean {
  if (asks === '') return true
  return persona !== '' && (personaParts(persona).title === asks || personaName(persona) === asks)
}

/** @returns the first field in which a child grant gives more than its parent; `undefined` for an attenuation (rule C3). */
export function widening(child: GrantBody, parent: GrantBody): string | undefined {
  if (!child.actions.every((action) => parent.actions.includes(action))) return 'actions'
  if (!isScopeWithin(child.scope, parent.scope)) return 'scope'
  if (child.expiresAt > parent.expiresAt) return 'expires_at'
  if (child.redelegations >= parent.redelegations) return 'redelegations'
  if (child.unattended && parent.delegate.startsWith('agent:') && !parent.unattended) return 'unattended'
  for (const [key, most] of Object.entries(parent.atMost)) if ((child.atMost[key] ?? Infinity) > most) return 'limits'
  for (const [key, least] of Object.entries(parent.atLeast))
    if ((child.atLeast[key] ?? -Infinity) < least) return 'limits'
  return undefined
}

/** Limits of one grant that the attributes exceed. A limit on a missing attribute is `attribute_invalid`. */
export function breachedLimits(body: GrantBody, attributes: Readonly<Record<string, number>>): readonly Finding[] {
  const breached: Finding[] = []
  const check = (bounds: Readonly<Record<string, number>>, holds: (actual: number, bound: number) => boolean): void => {
    for (const [key, bound] of Object.entries(bounds)) {
      const actual = attributes[key]
      const attribute = attributeOfKey(key)
      if (actual === undefined) breached.push({ code: 'attribute_invalid', attribute, grant: body.id })
      else if (!holds(actual, bound))
        breached.push({ code: 'grant_limit', attribute, limit: bound, actual, ...currencyOf(key), grant: body.id })
    }
  }
  check(body.atMost, (actual, bound) => actual <= bound)
  check(body.atLeast, (actual, bound) => actual >= bound)
  return breached
}

function currencyOf(key: string): { readonly currency?: string } {
  const unit = key.split('.')[1]
  return unit && unit !== 'ahead' ? { currency: unit } : {}
}

/** Sorts good chains, the one to report first: shortest, then latest expiry, then lowest id (rule D2). */
export function byPreference(a: JudgedChain, b: JudgedChain): number {
  const leafA = a.bodies[a.bodies.length - 1]
  const leafB = b.bodies[b.bodies.length - 1]
  return (
    a.bodies.length - b.bodies.length ||
    (leafB?.expiresAt ?? 0) - (leafA?.expiresAt ?? 0) ||
    (a.candidate.grant < b.candidate.grant ? -1 : 1)
  )
}

const LINKS = new WeakMap<GrantBody, Link>()

/** A grant as a link of an answer's chain. */
export function linkOf(body: GrantBody): Link {
  const known = LINKS.get(body)
  if (known) return known
  const { id, delegator, delegate, actions, covers, expiresAt } = body
  const expires = new Date(expiresAt).toISOString()
  const link = { grant: id, delegator, delegate, actions: [...actions], scope: covers, expires_at: expires }
  LINKS.set(body, link)
  return link
}

/**
 * The reference: who may do what, by the rules read aloud. Slow on purpose: it looks at every grant for every question, and shares no code
 * with the PDP.
 *
 * What the rules leave open, and how it is read here:
 * - *Order of a subject's own codes*: the agents first (G1: "every decision" is `agent_suspended`; step *act* of ARCHITECTURE.md), the actor before
 *   the subject; then the persona: unknown, or unusable, mismatched and not allowed the action, as many as hold. Each code once.
 * - *An unknown agent* holds nothing, so that it holds no grant is not said as well. An unknown action: that code alone. An unknown resource
 *   is said where a relation code is, beside the subject's own: outwardly the two must look the same.
 * - *With an actor* the subject still acts in one persona (F): for an owner it must be the resource's, for a delegate the one they gave the
 *   agent's grant in; else `grant_persona`.
 * - *An agent acting for an agent*: a sub-agent works unattended only (G2), so what it got from the other is `not_on_behalf`.
 * - *The near miss*: a chain that has ended or is too narrow misses by that alone; one that is neither, by its givers and personas. The
 *   nearest has the fewest objections, then the one that stands first in {@link NEARNESS}; its first objection there is the code.
 * - *Limits of grants* fail in the order of the chain, within a link in the manifest's order of attributes; an attribute that cannot be read
 *   is named once, whoever needs it.
 * - *A gate without a setting* has nothing to be failed by; consent is what is missing then (F4).
 *
 * @module
 */

import { chainOf, heldBy, isActive, isUsable, misuses, personaNamed, shortfalls } from './chain.ts'
import type { TravelCode } from './codes.ts'
import { ACTIONS, isAccount, TITLES } from './domain.ts'
import { type Facts, type Grant, isAgent, type Question, type Verdict } from './facts.ts'
import { failedGates, failedLimits, withoutRepeats } from './gate.ts'

type Chain = readonly Grant[]

/** The whole answer. */
export function decide(facts: Facts, question: Question): Verdict {
  if (isUnknownAction(question)) return deny(['action_unknown'])
  const own = [...agentCodes(facts, question), ...personaCodes(facts, question)]
  if (own.includes('agent_unknown')) return deny(own)
  if (!heldBy(facts, question.resource)) return deny([...own, 'resource_unknown'])
  if (isOwnerInPerson(facts, question)) return own.length > 0 ? deny(own) : permit('owner', [])
  const good = inOrder(chainsToActor(facts, question).filter((chain) => isGood(facts, chain, question)))
  const [first] = good
  if (!first) return deny([...own, relationCode(facts, question)])
  const chain = good.find((each) => failedLimits(facts, each, question).length === 0) ?? first
  const failed = withoutRepeats([...failedGates(facts, question), ...failedLimits(facts, chain, question)])
  const reasons = [...own, ...failed]
  return reasons.length > 0 ? deny(reasons, chain) : permit('delegated', chain)
}

const idsOf = (chain: Chain): readonly string[] => chain.map(({ id }) => id)
const permit = (reason: TravelCode, chain: Chain): Verdict => ({ permit: true, reasons: [reason], chain: idsOf(chain) })
const deny = (reasons: readonly TravelCode[], chain: Chain = []): Verdict => ({
  permit: false,
  reasons,
  chain: idsOf(chain),
})

/** A1, B3: `create` is asked of an account, nothing else is. */
const isUnknownAction = ({ action, resource }: Question): boolean =>
  !ACTIONS.includes(action) || isAccount(resource) !== (action === 'create')

/** G1. */
function agentCodes(facts: Facts, { subject, actor }: Question): readonly TravelCode[] {
  const agents = [actor, subject].filter((party) => party !== undefined).filter(isAgent)
  const codes = agents.flatMap((agent): readonly TravelCode[] => {
    if (isActive(facts, agent)) return []
    return facts.agents.some(({ id }) => id === agent) ? ['agent_suspended'] : ['agent_unknown']
  })
  return [...new Set(codes)]
}

/** F1, F2, F5, B2. */
function personaCodes(facts: Facts, { subject, action, resource, ...question }: Question): readonly TravelCode[] {
  if (isAgent(subject)) return []
  const persona = personaNamed(facts, subject, question.persona)
  if (!persona) return ['persona_unknown']
  const held = heldBy(facts, resource)
  const isOwner = held?.owner === subject
  const title = TITLES[persona.title]
  const allowed = isOwner ? title?.own : title?.byGrant
  return [
    ...(isUsable(facts, persona) ? [] : (['persona_unusable'] as const)),
    ...(isOwner && held.persona && held.persona !== persona.id ? (['persona_mismatch'] as const) : []),
    ...(allowed?.includes(action) ? [] : (['persona_action'] as const)),
  ]
}

/** B2. */
const isOwnerInPerson = (facts: Facts, { subject, actor, resource }: Question): boolean =>
  actor === undefined && heldBy(facts, resource)?.owner === subject

/** A3, G2, G3: whose grants may be used by whom. */
function isOnBehalf(leaf: Grant | undefined, { subject, actor }: Question): boolean {
  if (actor !== undefined) return leaf?.delegator === subject && !isAgent(subject)
  return !isAgent(subject) || leaf?.unattended === true
}

/** D1: every chain that ends at whoever acts and begins with the owner of the resource now, good or not. */
function chainsToActor(facts: Facts, { subject, actor, resource }: Question): readonly Chain[] {
  const owner = heldBy(facts, resource)?.owner
  const leaves = facts.grants.filter(({ delegate }) => delegate === (actor ?? subject))
  return leaves.map((leaf) => chainOf(facts, leaf)).filter(([root]) => root?.delegator === owner)
}

const isGood = (facts: Facts, chain: Chain, question: Question): boolean =>
  isOnBehalf(chain.at(-1), question) && objections(facts, chain, question).length === 0

/** D2: the shortest, then the latest expiry, then the lowest id. */
function inOrder(chains: readonly Chain[]): readonly Chain[] {
  const expiry = (chain: Chain): number => Math.min(...chain.map(({ expiresAt }) => expiresAt))
  const id = (chain: Chain): string => chain.at(-1)?.id ?? ''
  return chains.toSorted((a, b) => a.length - b.length || expiry(b) - expiry(a) || (id(a) < id(b) ? -1 : 1))
}

/** Which of two misses with as few objections is the nearer: as the design lists them, those of the grants themselves first. */
const NEARNESS: readonly TravelCode[] = [
  'grant_expired',
  'grant_revoked',
  'grant_scope',
  'grant_action',
  'grant_persona',
  'owner_persona_unusable',
  'chain_broken',
]

/** In the order of {@link NEARNESS}. */
function objections(facts: Facts, chain: Chain, question: Question): readonly TravelCode[] {
  const short = shortfalls(facts, chain, question)
  return short.length > 0 ? short : misuses(facts, chain, question)
}

/** Why no chain is good: exactly one code. */
function relationCode(facts: Facts, question: Question): TravelCode {
  const rank = (codes: readonly TravelCode[]): number => NEARNESS.indexOf(codes[0] ?? 'chain_broken')
  const misses = chainsToActor(facts, question).map((chain) => objections(facts, chain, question))
  if (misses.some((codes) => codes.length === 0)) return 'not_on_behalf'
  const [nearest] = misses.toSorted((a, b) => a.length - b.length || rank(a) - rank(b))
  return nearest?.[0] ?? 'no_grant'
}

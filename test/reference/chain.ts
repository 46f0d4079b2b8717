/**
 * Chains of grants: which there are, which are good, and what stands against the others. Rules B1, C1, C3, C4, D1.
 *
 * @module
 */
import type { TravelCode } from './codes.ts'
import { ALL_OF_THE_OWNERS, accountHolder, covers, isAccount } from './domain.ts'
import type { Bound, Facts, Grant, Party, Persona, Question, Ref, Resource } from './facts.ts'
import { isAgent, nameOf } from './facts.ts'

/** C4: only a named parent links grants. The root comes first. */
export function chainOf(facts: Facts, leaf: Grant): readonly Grant[] {
  const parent = facts.grants.find(({ id }) => id === leaf.parent)
  return parent ? [...chainOf(facts, parent), leaf] : [leaf]
}

/** F1: active, and inside `[valid_from, valid_till)`. */
export function isUsable(facts: Facts, persona: Persona | undefined): boolean {
  return persona?.status === 'active' && persona.validFrom <= facts.now && facts.now < persona.validTill
}

/** F1: whoever names a persona means the newest of that name. */
export function personaNamed(facts: Facts, holder: Party, name: string | undefined): Persona | undefined {
  return facts.personas.findLast((persona) => persona.holder === holder && nameOf(persona) === name)
}

export const personaWithId = (facts: Facts, wanted: string | undefined): Persona | undefined =>
  facts.personas.find(({ id }) => id === wanted)

/** G1: registered and not suspended. */
export const isActive = (facts: Facts, agent: Party): boolean =>
  facts.agents.some(({ id, suspended }) => id === agent && !suspended)

/** D1: a person in the persona they gave in, an agent as long as it is active. */
function isGiverUsable(facts: Facts, { delegator, delegatorPersona }: Grant): boolean {
  return isAgent(delegator) ? isActive(facts, delegator) : isUsable(facts, personaWithId(facts, delegatorPersona))
}

/** C1: a bare `title` allows any circle, no `delegate_persona` any persona. */
export function allowsPersona(asked: string | undefined, persona: Persona | undefined): boolean {
  if (asked === undefined) return true
  return persona !== undefined && (asked === persona.title || asked === nameOf(persona))
}

/** The resource itself and all it lies in. */
function withParents(facts: Facts, ref: Ref | undefined): readonly Resource[] {
  const resource = facts.resources.find((each) => each.ref === ref)
  return resource ? [resource, ...withParents(facts, resource.parent)] : []
}

interface Held {
  readonly owner: Party
  /** An account has none of its own (B3). */
  readonly persona?: string
}

export function heldBy(facts: Facts, ref: Ref): Held | undefined {
  if (isAccount(ref)) return { owner: accountHolder(ref) }
  const top = withParents(facts, ref).at(-1)
  return top && { owner: top.owner, persona: top.ownerPersona }
}

/** B1, C1: one resource and what is below it, in the same period of ownership; or all that was created under the first giver's persona. */
export function coversResource(facts: Facts, grant: Grant, root: Grant, ref: Ref): boolean {
  if (grant.scope !== ALL_OF_THE_OWNERS)
    return withParents(facts, ref).some((each) => each.ref === grant.scope && each.deed === grant.deed)
  const held = heldBy(facts, ref)
  return held?.owner === root.delegator && (isAccount(ref) || held.persona === root.delegatorPersona)
}

/** C3: at least as tight on everything that the parent bounds. */
function isTighter(child: Bound | undefined, parent: Bound): boolean {
  if (!child || child.currency !== parent.currency) return false
  const most = parent.at_most === undefined || (child.at_most ?? Number.POSITIVE_INFINITY) <= parent.at_most
  const least = parent.at_least === undefined || (child.at_least ?? Number.NEGATIVE_INFINITY) >= parent.at_least
  return most && least
}

/** C3: every field in which a child gives more than its parent. */
export function widened(facts: Facts, child: Grant, parent: Grant, root: Grant): readonly string[] {
  const sameScope = child.scope === ALL_OF_THE_OWNERS && parent.scope === ALL_OF_THE_OWNERS
  const narrower = child.scope !== ALL_OF_THE_OWNERS && coversResource(facts, parent, root, child.scope)
  const isBound = (limit: (typeof parent.limits)[number]): boolean =>
    isTighter(
      child.limits.find(({ attribute }) => attribute === limit.attribute),
      limit,
    )
  return [
    ...(child.actions.every((action) => covers(parent.actions, action)) ? [] : ['actions']),
    ...(sameScope || narrower ? [] : ['scope']),
    ...(parent.limits.every(isBound) ? [] : ['limits']),
    ...(child.expiresAt <= parent.expiresAt ? [] : ['expires_at']),
    ...(child.redelegations < parent.redelegations ? [] : ['redelegations']),
    ...(child.unattended && isAgent(parent.delegate) && !parent.unattended ? ['unattended'] : []),
  ]
}

/** E2, C5, C1: what is ended about a chain, or too narrow for the question. */
export function shortfalls(facts: Facts, chain: readonly Grant[], question: Question): readonly TravelCode[] {
  const [root] = chain
  if (!root) return []
  const any = (fails: (link: Grant) => boolean): boolean => chain.some(fails)
  return [
    ...(any(({ expiresAt }) => expiresAt <= facts.now) ? (['grant_expired'] as const) : []),
    ...(any(({ revoked }) => revoked) ? (['grant_revoked'] as const) : []),
    ...(any((link) => !coversResource(facts, link, root, question.resource)) ? (['grant_scope'] as const) : []),
    ...(any(({ actions }) => !covers(actions, question.action)) ? (['grant_action'] as const) : []),
  ]
}

/** D1: what stands against those who give along a chain, and against the persona that it is used in. */
export function misuses(facts: Facts, chain: readonly Grant[], question: Question): readonly TravelCode[] {
  const [root, ...below] = chain
  const leaf = chain.at(-1)
  if (!root || !leaf) return []
  const isBroken = (link: Grant, parent: Grant | undefined): boolean =>
    !isGiverUsable(facts, link) ||
    parent === undefined ||
    !allowsPersona(parent.delegatePersona, personaWithId(facts, link.delegatorPersona)) ||
    widened(facts, link, parent, root).length > 0
  return [
    ...(isUsedInPersona(facts, leaf, question) ? [] : (['grant_persona'] as const)),
    ...(isGiverUsable(facts, root) ? [] : (['owner_persona_unusable'] as const)),
    ...(below.some((link, index) => isBroken(link, chain[index])) ? (['chain_broken'] as const) : []),
  ]
}

/** D1: a person uses a grant in a persona that it asks for; an agent that acts for them, in the persona they gave it in. */
function isUsedInPersona(facts: Facts, leaf: Grant, { subject, actor, persona }: Question): boolean {
  const acting = personaNamed(facts, subject, persona)
  if (actor === undefined) return isAgent(subject) || allowsPersona(leaf.delegatePersona, acting)
  return leaf.delegator !== subject || isAgent(subject) || leaf.delegatorPersona === acting?.id
}

/**
 * Whether a grant may be given, and what it is then: rules C1–C6, F2, G2. The choices are those of `administer.ts`.
 *
 * @module
 */
import { type GrantStep, isAgent as isAgentName, PERSONAS } from '../fixtures/world.ts'
import { allowsPersona, chainOf, heldBy, isActive, isUsable, personaWithId, widened } from './chain.ts'
import type { Outcome } from './command.ts'
import { ACTIONS, ALL_OF_THE_OWNERS, ATTRIBUTES, covers, TITLES } from './domain.ts'
import { type Facts, type Grant, isAgent, type Limit, nameOf, type Party, type Persona } from './facts.ts'

type Request = GrantStep & { readonly name: string }

export const DAY = 86_400
const MINUTE = 60
const YEAR = 365 * DAY
const WEEK = 7 * DAY
const MOST_LINKS = 5
const MOST_LIMITS = 4

/** A name of the world, or a party as it stands. */
export function refOf(name: string): Party {
  if (name.includes(':')) return name
  return `${isAgentName(name) ? 'agent' : 'user'}:${name}`
}

/** `T`, `T/hotel`, or a scope as it stands. */
export function scopeOf(on: string): string {
  if (on.includes(':')) return on
  const [trip = '', item] = on.split('/')
  return item ? `workflow_item:${trip}-${item}` : `workflow:${trip}`
}

/** Why it may not be given, or `undefined`. */
export function refusal(facts: Facts, request: Request): Outcome | undefined {
  const delegate = refOf(request.to)
  const isKnown =
    facts.personas.some(({ holder }) => holder === delegate) || facts.agents.some(({ id }) => id === delegate)
  if (!isKnown && !isAgent(delegate)) return { code: 'delegate_unknown' }
  if (isInvalid(request)) return { code: 'grant_invalid' }
  if (!isKnown) return { code: 'delegate_unknown' }
  const parent = facts.grants.find(({ id }) => id === request.parent)
  const chain = parent ? chainOf(facts, parent) : []
  if (request.parent !== undefined && parent?.delegate !== refOf(request.from)) return { code: 'grant_unknown' }
  return refusedByChain(facts, request, chain) ?? refusedByScope(facts, request, chain)
}

/** C1, C5, F2, G2: what is wrong with it whatever else is. */
function isInvalid(request: Request): boolean {
  const from = refOf(request.from)
  const to = refOf(request.to)
  const { actions, limits = [], delegate_persona: asked, unattended = false } = request
  const seconds = lifetimeOf(request)
  return (
    from === to ||
    (isAgent(from) && (!isAgent(to) || request.parent === undefined || !unattended)) ||
    (isAgent(to) ? asked !== undefined : unattended) ||
    actions.length === 0 ||
    actions.some((action) => !ACTIONS.includes(action)) ||
    (seconds !== undefined && (seconds < MINUTE || seconds > YEAR)) ||
    limits.length > MOST_LIMITS ||
    limits.some((limit, index) => limits.findIndex(({ attribute }) => attribute === limit['attribute']) !== index) ||
    !limits.every((limit) => isBound(limit as unknown as Limit)) ||
    (asked !== undefined && !mayUse(asked, actions))
  )
}

const lifetimeOf = ({ days, seconds }: Request): number | undefined =>
  seconds ?? (days === undefined ? undefined : days * DAY)

/** C1, D3: one bound on a known attribute; money is whole minor units of a currency, and nothing else has one. */
function isBound({ attribute, at_most, at_least, currency }: Limit): boolean {
  const kind = ATTRIBUTES[attribute]
  const value = at_most ?? at_least
  if (!kind || value === undefined || (at_most !== undefined && at_least !== undefined)) return false
  return kind === 'money' ? currency !== undefined && Number.isSafeInteger(value) : currency === undefined
}

/** F2: a persona that must be used has to be able to. */
function mayUse(asked: string, actions: readonly string[]): boolean {
  const byGrant = TITLES[asked.split('/')[0] ?? '']?.byGrant
  return (
    byGrant !== undefined &&
    ACTIONS.filter((action) => covers(actions, action)).every((action) => byGrant.includes(action))
  )
}

/** C2, C5, in the order that C5 gives. */
function refusedByChain(facts: Facts, request: Request, chain: readonly Grant[]): Outcome | undefined {
  const parent = chain.at(-1)
  const isEnded = chain.some(({ revoked, expiresAt }) => revoked || expiresAt <= facts.now)
  if (parent && (isEnded || parent.redelegations < 1)) return { code: 'grant_not_redelegable' }
  const from = refOf(request.from)
  const persona = personaToGiveIn(facts, request)
  if (isAgent(from) && !isActive(facts, from)) return { code: 'forbidden' }
  if (!isAgent(from) && !isUsable(facts, persona)) return { code: 'grant_persona' }
  if (!isAgent(from) && !allowsPersona(parent?.delegatePersona, persona)) return { code: 'grant_persona' }
  if (chain.length + 1 > MOST_LINKS) return { code: 'chain_depth' }
  const inChain = chain.flatMap(({ delegator, delegate }) => [delegator, delegate])
  return inChain.includes(refOf(request.to)) ? { code: 'chain_cycle' } : undefined
}

function personaToGiveIn(facts: Facts, { from, persona = PERSONAS[from]?.[0] }: Request): Persona | undefined {
  const held = facts.personas.filter(({ holder, status }) => holder === refOf(from) && status !== 'revoked')
  return held.findLast((each) => nameOf(each) === persona)
}

/** C2, C3, C6. */
function refusedByScope(facts: Facts, request: Request, chain: readonly Grant[]): Outcome | undefined {
  const grant = grantFrom(facts, request)
  const [root] = chain
  const parent = chain.at(-1)
  if (root && parent) {
    const fields = widened(facts, grant, parent, root)
    if (fields.length > 0) return { code: 'grant_widened', fields }
  } else if (grant.scope !== ALL_OF_THE_OWNERS) {
    const held = heldBy(facts, grant.scope)
    if (held?.owner !== grant.delegator || held.persona !== grant.delegatorPersona) return { code: 'not_owner' }
  }
  const isTwin = (each: Grant): boolean =>
    !each.revoked && each.expiresAt > facts.now && likeness(each) === likeness(grant)
  return facts.grants.some(isTwin) ? { code: 'grant_exists' } : undefined
}

/** C6: what makes two grants the same. */
function likeness({ id: _id, expiresAt: _expiresAt, ...grant }: Grant): string {
  const actions = ACTIONS.filter((action) => covers(grant.actions, action))
  const limits = grant.limits.toSorted((a, b) => (a.attribute < b.attribute ? -1 : 1))
  return JSON.stringify({ ...grant, actions, limits: limits.map((limit) => Object.entries(limit).sort()) })
}

/** The grant as it is given. */
export function grantFrom(facts: Facts, request: Request): Grant {
  const { name, from, to, on = 'T', actions, limits = [], redelegations = 0, unattended = false, parent } = request
  const scope = scopeOf(on)
  const deed = facts.resources.find(({ ref }) => ref === scope)?.deed
  const above = facts.grants.find(({ id }) => id === parent)?.expiresAt ?? Number.POSITIVE_INFINITY
  const seconds = lifetimeOf(request)
  const persona = isAgent(refOf(from)) ? undefined : personaWithId(facts, personaToGiveIn(facts, request)?.id)
  return {
    id: name,
    delegator: refOf(from),
    ...(persona ? { delegatorPersona: persona.id } : {}),
    delegate: refOf(to),
    ...(request.delegate_persona ? { delegatePersona: request.delegate_persona } : {}),
    actions,
    scope,
    ...(deed === undefined ? {} : { deed }),
    limits: limits as unknown as readonly Limit[],
    expiresAt: seconds === undefined ? Math.min(facts.now + WEEK * 1000, above) : facts.now + seconds * 1000,
    redelegations,
    unattended,
    ...(parent ? { parent } : {}),
    revoked: false,
  }
}

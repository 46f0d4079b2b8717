/**
 * What administration changes, and what it refuses: rules B1, C1–C6, E1, E2, F1, F2, F4, G1, G2 over the list of facts.
 *
 * What the rules leave open, and how it is read here:
 * - *Order*: a person nobody has heard of; the request by itself (422); the delegate (404); then C5's order, ownership with widening.
 * - *Parent*: not the giver's own is `grant_unknown`; ended, or below one that ended, is `grant_not_redelegable`.
 * - *A giver's persona* that is not held, or not usable now, is `grant_persona`; a suspended agent passes nothing on: `forbidden`.
 * - *Identical* (C6) is everything but the dates; `read` beside `execute` is no difference.
 * - *No `expires_at`* is seven days, or the parent's when that is sooner, however soon.
 * - *An agent* may end what it holds and what it gave, not what is further below (A6 before E1).
 * - *Suspension* reaches an inactive persona too: its holder could dodge it otherwise.
 *
 * @module
 */
import { DAY, grantFrom, refOf, refusal } from './administer-grant.ts'
import { chainOf } from './chain.ts'
import type { Command, Outcome, PersonaChange } from './command.ts'
import { TITLES } from './domain.ts'
import {
  type Facts,
  type Grant,
  isAgent,
  nameOf,
  type Party,
  type Persona,
  type Resource,
  type Settings,
  type Status,
} from './facts.ts'

export interface Administered {
  readonly facts: Facts
  readonly outcome: Outcome
}

const ITEMS = ['hotel', 'dinner', 'flight']
const MOST_PERSONAS = 10

const done = (facts: Facts): Administered => ({ facts, outcome: { code: 'done' } })
const refused = (facts: Facts, code: string): Administered => ({ facts, outcome: { code } })

export function administer(facts: Facts, command: Command): Administered {
  if ('advance' in command) return done({ ...facts, now: facts.now + command.advance.seconds * 1000 })
  if ('trip' in command) return register(facts, command.trip)
  if ('transfer' in command) return transfer(facts, command.transfer)
  if ('take' in command) return take(facts, command.take)
  if ('persona' in command) return changePersona(facts, command.persona)
  if ('autonomy' in command) return setAutonomy(facts, command.autonomy)
  if ('agent' in command) return setAgent(facts, command.agent)
  if ('grant' in command) {
    const outcome = refusal(facts, command.grant)
    if (outcome) return { facts, outcome }
    return done({ ...facts, grants: [...facts.grants, grantFrom(facts, command.grant)] })
  }
  return revoke(facts, command.revoke)
}

type Of<K extends string> =
  Extract<Command, Readonly<Record<K, unknown>>> extends Readonly<Record<K, infer T>> ? T : never

/** B1. */
function register(facts: Facts, { name, owner, persona }: Of<'trip'>): Administered {
  const held = newest(facts, owner, persona)
  if (!held || isOver(held)) return refused(facts, 'persona_invalid')
  const deed = 1 + Math.max(0, ...facts.resources.map((each) => each.deed))
  const trip: Resource = { ref: `workflow:${name}`, owner: refOf(owner), ownerPersona: held.id, deed }
  const items = ITEMS.map((item): Resource => ({ ...trip, ref: `workflow_item:${name}-${item}`, parent: trip.ref }))
  return done({ ...facts, resources: [...facts.resources, trip, ...items] })
}

/** B1: a new period of ownership, and every grant on it that has not ended yet has ended with the old one. */
function transfer(facts: Facts, { trip, to, persona }: Of<'transfer'>): Administered {
  const top = facts.resources.find(({ ref }) => ref === `workflow:${trip}`)
  const held = facts.personas.findLast((each) => each.holder === refOf(to) && nameOf(each) === persona && !isOver(each))
  if (!top) return refused(facts, 'invalid_request')
  if (!held) return refused(facts, 'persona_invalid')
  if (top.owner === held.holder && top.ownerPersona === held.id) return done(facts)
  const deed = 1 + Math.max(...facts.resources.map((each) => each.deed))
  const isOnIt = (each: Grant): boolean => each.deed === top.deed && each.expiresAt > facts.now
  const taken = { owner: held.holder, ownerPersona: held.id, deed }
  return done({
    ...facts,
    resources: facts.resources.map((each) => (each.deed === top.deed ? { ...each, ...taken } : each)),
    grants: facts.grants.map((each) => (isOnIt(each) ? { ...each, revoked: true } : each)),
  })
}

const isOver = ({ status }: Persona): boolean => status === 'revoked'

const newest = (facts: Facts, holder: string, name: string): Persona | undefined =>
  facts.personas.findLast((persona) => persona.holder === refOf(holder) && nameOf(persona) === name)

/** F1, F2: one's own; a title that waits for an administrator is pending; one that is suspended is not taken anew, under any circle. */
function take(facts: Facts, { who, persona }: Of<'take'>): Administered {
  const [title = '', circle = ''] = persona.split('/')
  const rule = TITLES[title]
  if (!rule) return refused(facts, 'persona_invalid')
  const held = facts.personas.filter(({ holder, status }) => holder === refOf(who) && status !== 'revoked')
  const isSuspended = held.some((each) => each.title === title && each.status === 'suspended')
  if (held.length >= MOST_PERSONAS || isSuspended || held.some((each) => nameOf(each) === persona))
    return refused(facts, 'conflict')
  const taken: Persona = {
    id: `${who} ${persona} ${facts.personas.length}`,
    holder: refOf(who),
    title,
    circle,
    status: rule.self ? 'active' : 'pending',
    validFrom: facts.now,
    validTill: Number.POSITIVE_INFINITY,
  }
  return done({ ...facts, personas: [...facts.personas, taken] })
}

const replaced = (facts: Facts, changed: Persona): Administered =>
  done({ ...facts, personas: facts.personas.map((each) => (each.id === changed.id ? changed : each)) })

/** F1: whose move it is. */
const OWN: Readonly<Record<Status, readonly Status[]>> = {
  pending: ['revoked'],
  active: ['inactive', 'revoked'],
  inactive: ['revoked'],
  suspended: [],
  revoked: ['revoked'],
}
const ADMINISTRATORS: Readonly<Record<Status, readonly Status[]>> = {
  pending: ['active'],
  active: ['active', 'suspended'],
  inactive: ['suspended'],
  suspended: ['active', 'suspended'],
  revoked: [],
}

function changePersona(facts: Facts, change: PersonaChange): Administered {
  const { of, name, status } = change
  const persona = newest(facts, of, name)
  if (!persona) return refused(facts, 'not_found')
  const own = status === undefined || status === 'inactive' || status === 'revoked'
  const isSame = status === persona.status
  if (status && !isSame && !(own ? OWN : ADMINISTRATORS)[persona.status].includes(status))
    return refused(facts, 'conflict')
  const dates = change.valid_from !== undefined || change.valid_till !== undefined
  if (own && dates && !TITLES[persona.title]?.self) return refused(facts, 'forbidden')
  const at = (days: number | undefined, before: number): number =>
    days === undefined ? before : facts.now + days * DAY * 1000
  const changed = {
    ...persona,
    status: status ?? persona.status,
    validFrom: at(change.valid_from, persona.validFrom),
    validTill: at(change.valid_till, persona.validTill),
  }
  return changed.validFrom < changed.validTill ? replaced(facts, changed) : refused(facts, 'persona_invalid')
}

/** F4. */
function setAutonomy(facts: Facts, { of, name, settings }: Of<'autonomy'>): Administered {
  const persona = newest(facts, of, name)
  if (!persona) return refused(facts, 'not_found')
  const { autonomy: _, ...without } = persona
  return replaced(facts, settings === 'none' ? without : { ...without, autonomy: settingsOf(settings) })
}

export const settingsOf = ({
  consent,
  price,
  lead_days,
  risk,
}: Exclude<Of<'autonomy'>['settings'], 'none'>): Settings => ({
  consent,
  limits: {
    price: { at_most: price, currency: 'EUR' },
    lead_time: { at_least: lead_days * DAY },
    risk: { at_most: risk },
  },
})

function setAgent(facts: Facts, { name, status }: Of<'agent'>): Administered {
  const suspended = status === 'suspended'
  return done({
    ...facts,
    agents: facts.agents.map((each) => (each.id === refOf(name) ? { ...each, suspended } : each)),
  })
}

/** E1, E2: twice is no error. */
function revoke(facts: Facts, { grant: id, by }: Of<'revoke'>): Administered {
  const grant = facts.grants.find((each) => each.id === id)
  if (!grant || !mayEnd(facts, id, refOf(by))) return refused(facts, 'grant_unknown')
  return done({ ...facts, grants: facts.grants.map((each) => (each.id === id ? { ...each, revoked: true } : each)) })
}

function mayEnd(facts: Facts, id: string, party: Party): boolean {
  const chain = facts.grants.filter((each) => each.id === id).flatMap((grant) => chainOf(facts, grant))
  const leaf = chain.at(-1)
  if (leaf?.delegate === party || leaf?.delegator === party) return true
  return !isAgent(party) && chain.some(({ delegator }) => delegator === party)
}

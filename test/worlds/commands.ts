/**
 * What may happen next in a world: mostly grants, and mostly such as are accepted, but with every way to be refused among them.
 *
 * @module
 */
import { type GrantStep, isAgent } from '../fixtures/world.ts'
import { chainOf, personaWithId } from '../reference/chain.ts'
import type { Command } from '../reference/command.ts'
import { type Facts, type Grant, type Limit, nameOf } from '../reference/facts.ts'
import { betterOf, between, chance, type Gen, oneOf, someOf, weighted } from './draw.ts'
import { AGENTS, PEOPLE, type Step, UNKNOWN_AGENT } from './steps.ts'

const DAY = 86_400
const ACTIONS = ['read', 'create', 'update', 'execute']
const ITEMS = ['hotel', 'dinner', 'flight']
const TITLES = ['traveler', 'business-traveler', 'travel-agent', 'office-manager', 'booking-assistant', 'visitor']
const CIRCLES = ['family', 'other', 'acme']
const LIMITS: readonly Limit[] = [
  { attribute: 'planned_price', at_most: 12_000, currency: 'EUR' },
  { attribute: 'planned_price', at_most: 400_000, currency: 'EUR' },
  { attribute: 'planned_price', at_most: 500_000, currency: 'USD' },
  { attribute: 'planned_price', at_least: 12_001, currency: 'EUR' },
  { attribute: 'risk', at_most: 1 },
  { attribute: 'risk', at_least: 2 },
  { attribute: 'starts_at', at_least: 7 * DAY },
  { attribute: 'starts_at', at_most: 61 * DAY },
]
/** Each is refused for a reason of its own. */
const WRONG_LIMITS: readonly Limit[] = [
  { attribute: 'planned_price', at_most: 5 },
  { attribute: 'planned_price', at_most: 0.5, currency: 'EUR' },
  { attribute: 'risk', at_most: 1, currency: 'EUR' },
  { attribute: 'risk', at_most: 1, at_least: 0 },
  { attribute: 'risk' },
  { attribute: 'weight', at_most: 1 },
]

export const plain = (party: string): string => party.slice(party.indexOf(':') + 1)

/** The command after `facts`, which `earlier` steps led to: their number makes the names of what it makes. */
export function drawCommand(gen: Gen, facts: Facts, earlier: readonly Step[]): Command {
  const name = String(earlier.length).padStart(3, '0')
  return weighted<Command>(gen, [
    [50, () => ({ grant: drawGrant(gen, facts, `g${name}`) })],
    [2, () => drawRepeated(gen, facts, earlier, `g${name}`)],
    [6, () => drawRevoke(gen, facts)],
    [9, () => drawPersona(gen, facts)],
    [5, () => drawAutonomy(gen, facts)],
    [6, () => ({ agent: { name: oneOf(gen, AGENTS), status: chance(gen, 65) ? 'active' : 'suspended' } })],
    [6, () => ({ advance: { seconds: drawSeconds(gen, facts) } })],
    [
      4,
      () => ({
        take: {
          who: chance(gen, 30) ? 'A' : oneOf(gen, PEOPLE),
          persona: `${oneOf(gen, TITLES)}/${oneOf(gen, CIRCLES)}`,
        },
      }),
    ],
    [3, () => drawTrip(gen, facts, `T${name}`)],
    [3, () => drawTransfer(gen, facts)],
  ])
}

/** The same grant again, under another name. */
function drawRepeated(gen: Gen, facts: Facts, earlier: readonly Step[], name: string): Command {
  const grants = earlier.flatMap((step) => ('grant' in step ? [step.grant] : []))
  return { grant: { ...(grants.length > 0 ? oneOf(gen, grants) : drawGrant(gen, facts, name)), name } }
}

/** Often to the very second at which something ends, or the one before. */
function drawSeconds(gen: Gen, facts: Facts): number {
  const ends = facts.grants.map(({ expiresAt }) => (expiresAt - facts.now) / 1000)
  const soon = ends.filter((seconds) => seconds > 1 && seconds <= 2 * DAY)
  if (soon.length === 0 || chance(gen, 30)) return oneOf(gen, [1, 59, 60, 61, 3600, DAY])
  return oneOf(gen, soon) - (chance(gen, 40) ? 1 : 0)
}

function drawRevoke(gen: Gen, facts: Facts): Command {
  const grant = facts.grants.length > 0 ? oneOf(gen, facts.grants) : undefined
  const by = grant && chance(gen, 80) ? plain(oneOf(gen, [grant.delegator, grant.delegate])) : anybody(gen)
  return { revoke: { grant: grant?.id ?? 'g000', by } }
}

const anybody = (gen: Gen): string => oneOf(gen, [...PEOPLE, ...AGENTS])

function drawPersona(gen: Gen, facts: Facts): Command {
  const unusable = facts.personas.filter(({ status }) => status !== 'active' && status !== 'revoked')
  const givers = facts.personas.filter(({ id }) =>
    facts.grants.some((grant) => grant.parent && grant.delegatorPersona === id),
  )
  const any = givers.length > 0 && chance(gen, 50) ? givers : facts.personas
  const persona = oneOf(gen, unusable.length > 0 && chance(gen, 45) ? unusable : any)
  const of = plain(persona.holder)
  const name = nameOf(persona)
  return weighted<Command>(gen, [
    [unusable.includes(persona) ? 12 : 2, () => ({ persona: { of, name, status: 'active' } })],
    [4, () => ({ persona: { of, name, status: 'suspended' } })],
    [1, () => ({ persona: { of, name, status: 'inactive' } })],
    [1, () => ({ persona: { of, name, status: 'revoked' } })],
    [1, () => ({ persona: { of, name, valid_from: oneOf(gen, [0, 1, -1]) } })],
    [1, () => ({ persona: { of, name, valid_till: oneOf(gen, [-1, 1, 1 / 24, 400]) } })],
  ])
}

function drawAutonomy(gen: Gen, facts: Facts): Command {
  const owners = facts.personas.filter(({ id }) => facts.resources.some(({ ownerPersona }) => ownerPersona === id))
  const persona = oneOf(gen, owners.length > 0 && chance(gen, 90) ? owners : facts.personas)
  const settings = chance(gen, 12)
    ? 'none'
    : {
        consent: chance(gen, 85),
        price: oneOf(gen, [100, 12_000, 399_999, 400_000, 500_000]),
        lead_days: oneOf(gen, [0, 3, 7, 60]),
        risk: oneOf(gen, [0, 1, 2, 5]),
      }
  return { autonomy: { of: plain(persona.holder), name: nameOf(persona), settings } }
}

function drawTrip(gen: Gen, facts: Facts, name: string): Command {
  const held = facts.personas.filter(({ status }) => status !== 'revoked')
  const of = held.filter(({ holder }) => holder === 'user:A')
  // When everybody's personas are revoked, a service that asks all the same is refused: that is a question too.
  const persona = oneOf(
    gen,
    [of, held, facts.personas].find((some) => some.length > 0 && (some !== of || chance(gen, 60))) ?? [],
  )
  return { trip: { name, owner: plain(persona.holder), persona: nameOf(persona) } }
}

function drawTransfer(gen: Gen, facts: Facts): Command {
  const trips = facts.resources.filter(({ parent }) => parent === undefined)
  const persona = oneOf(gen, facts.personas)
  return { transfer: { trip: plain(oneOf(gen, trips).ref), to: plain(persona.holder), persona: nameOf(persona) } }
}

function drawGrant(gen: Gen, facts: Facts, name: string): GrantStep & { readonly name: string } {
  const isLive = ({ revoked, expiresAt }: Grant): boolean => !revoked && expiresAt > facts.now
  const redelegable = facts.grants.filter((each) => each.redelegations > 0 && chainOf(facts, each).every(isLive))
  const parents = redelegable.length > 0 && chance(gen, 90) ? redelegable : facts.grants
  const depth = (grant: Grant): number => chainOf(facts, grant).length
  const deepest = parents.toSorted((a, b) => depth(b) - depth(a)).slice(0, 2)
  const isChild = parents.length > 0 && chance(gen, 70)
  const parent = isChild ? betterOf(gen, chance(gen, 25) ? deepest : parents, depth) : undefined
  const grant = parent ? drawChild(gen, facts, parent) : drawRoot(gen, facts)
  return { name, ...grant, ...drawOddity(gen) }
}

/** One in twelve has something wrong that no world excuses. */
function drawOddity(gen: Gen): Partial<GrantStep> {
  if (chance(gen, 92)) return {}
  return weighted<Partial<GrantStep>>(gen, [
    [1, () => ({ actions: oneOf(gen, [[], ['fly'], ['read', 'fly']]) })],
    [1, () => ({ seconds: oneOf(gen, [1, 59, 365 * DAY, 365 * DAY + 1]) })],
    [1, () => ({ limits: limitsFor([oneOf(gen, WRONG_LIMITS)]) })],
    [1, () => ({ limits: limitsFor(LIMITS.slice(0, 2)) })],
    [1, () => ({ to: oneOf(gen, [UNKNOWN_AGENT, 'user:nobody-we-know']) })],
    [1, () => ({ on: 'workflow:no-such-trip' })],
    [1, () => ({ delegate_persona: oneOf(gen, ['booking-assistant', 'visitor/family', 'no-such-title']) })],
    [1, () => ({ parent: 'g-unknown' })],
    [1, () => ({ unattended: chance(gen, 50) })],
    [1, () => ({ from: anybody(gen) })],
  ])
}

const limitsFor = (limits: readonly Limit[]): NonNullable<GrantStep['limits']> => limits.map((limit) => ({ ...limit }))

function drawRoot(gen: Gen, facts: Facts): GrantStep {
  const trips = facts.resources.filter(({ parent }) => parent === undefined)
  const trip = oneOf(gen, trips)
  const persona = personaWithId(facts, trip.ownerPersona)
  const others = PEOPLE.filter((name) => name !== plain(trip.owner))
  const to = chance(gen, 30) ? oneOf(gen, AGENTS) : oneOf(gen, chance(gen, 98) ? others : PEOPLE)
  const trustworthy = persona && chance(gen, 95)
  return {
    from: plain(trip.owner),
    to,
    ...(trustworthy ? { persona: nameOf(persona) } : {}),
    on: drawScope(gen, plain(trip.ref)),
    actions: drawActions(gen, ACTIONS),
    redelegations: between(gen, chance(gen, 30) ? 0 : 5, 8),
    ...drawExpiry(gen),
    ...(isAgent(to) ? { unattended: chance(gen, 65) } : drawAsked(gen, facts, to)),
    ...(chance(gen, 40) ? { limits: limitsFor(drawLimits(gen)) } : {}),
  }
}

const drawScope = (gen: Gen, trip: string): string =>
  weighted(gen, [
    [5, () => trip],
    [2, () => `${trip}/${oneOf(gen, ITEMS)}`],
    [3, () => 'all:travel'],
  ])

function drawActions(gen: Gen, among: readonly string[]): readonly string[] {
  const some = someOf(gen, among)
  return some.length > 0 ? some : [oneOf(gen, among)]
}

const drawExpiry = (gen: Gen): Pick<GrantStep, 'seconds'> =>
  chance(gen, 55) ? {} : { seconds: oneOf(gen, [60, 120, 3600, DAY, 2 * DAY, 30 * DAY]) }

/** In one persona of the delegate's, or any of its title. */
function drawAsked(gen: Gen, facts: Facts, to: string): Pick<GrantStep, 'delegate_persona'> {
  const held = facts.personas.filter(({ holder }) => holder === `user:${to}`)
  if (held.length === 0 || chance(gen, 85)) return {}
  const persona = oneOf(gen, held)
  return { delegate_persona: chance(gen, 50) ? persona.title : nameOf(persona) }
}

function drawLimits(gen: Gen): readonly Limit[] {
  const limits = LIMITS.filter(() => chance(gen, 25))
  return limits.filter(({ attribute }, index) => limits.findIndex((each) => each.attribute === attribute) === index)
}

function drawChild(gen: Gen, facts: Facts, parent: Grant): GrantStep {
  const from = plain(parent.delegate)
  const inChain = chainOf(facts, parent).flatMap(({ delegator, delegate }) => [plain(delegator), plain(delegate)])
  const outside = PEOPLE.filter((name) => !inChain.includes(name))
  const people = outside.length > 0 && chance(gen, 85) ? outside : PEOPLE
  const others = chance(gen, 95) ? AGENTS.filter((name) => name !== from) : AGENTS
  const to = oneOf(gen, chance(gen, isAgent(from) ? 95 : 25) ? others : people)
  const held = facts.personas.filter(({ holder }) => holder === parent.delegate)
  const on = scopeWords(parent.scope)
  return {
    from,
    to,
    parent: parent.id,
    ...(held.length > 0 && chance(gen, 25) ? { persona: nameOf(oneOf(gen, held)) } : {}),
    on: chance(gen, 65) ? on : drawNarrower(gen, facts, on),
    actions: chance(gen, 50) ? parent.actions : drawActions(gen, chance(gen, 85) ? parent.actions : ACTIONS),
    redelegations: Math.max(0, parent.redelegations - (chance(gen, 80) ? 1 : between(gen, 0, 2))),
    ...(chance(gen, 70) ? {} : drawExpiry(gen)),
    ...(isAgent(to) ? { unattended: isAgent(from) ? chance(gen, 95) : chance(gen, 50) } : drawAsked(gen, facts, to)),
    limits: limitsFor(drawTighter(gen, parent.limits)),
  }
}

/** Mostly the parent's; else one of them is changed or missing, or all are others. */
function drawTighter(gen: Gen, limits: readonly Limit[]): readonly Limit[] {
  if (chance(gen, 75)) return limits
  if (limits.length === 0 || chance(gen, 30)) return drawLimits(gen)
  const changed = oneOf(gen, limits)
  const others = LIMITS.filter(({ attribute }) => attribute === changed.attribute)
  return limits.flatMap((limit) => (limit === changed ? (chance(gen, 30) ? [] : oneOf(gen, others)) : limit))
}

/** As `on` of a case writes it. */
const scopeWords = (scope: string): string => {
  if (scope.startsWith('all:')) return scope
  return scope.startsWith('workflow:') ? plain(scope) : plain(scope).replace('-', '/')
}

function drawNarrower(gen: Gen, facts: Facts, on: string): string {
  const trips = facts.resources.filter(({ parent }) => parent === undefined).map(({ ref }) => plain(ref))
  const [trip = 'T'] = on.startsWith('all:') ? [oneOf(gen, trips)] : on.split('/')
  return drawScope(gen, chance(gen, 90) ? trip : oneOf(gen, trips))
}

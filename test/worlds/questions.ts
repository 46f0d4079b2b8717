/**
 * What may be asked of a world: mostly what some grant is about, by whoever holds it, and then everything that is beside it.
 *
 * @module
 */
import type { Ask, Item } from '../fixtures/world.ts'
import { isAgent } from '../fixtures/world.ts'
import { chainOf, personaWithId } from '../reference/chain.ts'
import { type Facts, type Grant, nameOf } from '../reference/facts.ts'
import { plain } from './commands.ts'
import { betterOf, chance, type Gen, oneOf, weighted } from './draw.ts'
import { AGENTS, PEOPLE, UNKNOWN_AGENT } from './steps.ts'

const ACTIONS = ['read', 'update', 'execute', 'execute', 'create']
const ITEMS: readonly Item[] = ['hotel', 'dinner', 'flight']

export function drawAsk(gen: Gen, facts: Facts): Ask {
  const who = facts.grants.length > 0 && chance(gen, 80) ? drawHolder(gen, facts) : drawAnybody(gen, facts)
  return { ...who, ...drawDetails(gen) }
}

function drawHolder(gen: Gen, facts: Facts): Ask {
  const live = facts.grants.filter(({ revoked, expiresAt }) => !revoked && expiresAt > facts.now)
  const depth = (grant: Grant): number => chainOf(facts, grant).length
  const grant = betterOf(gen, live.length > 0 && chance(gen, 80) ? live : facts.grants, depth)
  const spends = grant.actions.includes('execute') && chance(gen, 40)
  const action = spends ? 'execute' : oneOf(gen, chance(gen, 85) ? grant.actions : ACTIONS)
  return { ...drawUse(gen, facts, grant), action, ...drawPlace(gen, facts, grant, action) }
}

/** Who uses a grant: its delegate, and if that is an agent, for whom. */
function drawUse(gen: Gen, facts: Facts, grant: Grant): Pick<Ask, 'subject' | 'actor' | 'persona'> {
  const delegate = plain(grant.delegate)
  if (!isAgent(delegate)) return { subject: delegate, ...drawPersona(gen, facts, delegate) }
  if (chance(gen, 40)) return { subject: delegate }
  const subject = chance(gen, 85) ? plain(grant.delegator) : oneOf(gen, [...PEOPLE, ...AGENTS])
  const given = personaWithId(facts, grant.delegatorPersona)
  const persona = given && chance(gen, 85) ? { persona: nameOf(given) } : drawPersona(gen, facts, subject)
  return { subject, actor: delegate, ...persona }
}

function drawPersona(gen: Gen, facts: Facts, holder: string): Pick<Ask, 'persona'> {
  if (isAgent(holder) || chance(gen, 75)) return {}
  const held = facts.personas.filter((persona) => persona.holder === `user:${holder}`)
  if (held.length === 0 || chance(gen, 10)) return { persona: oneOf(gen, [null, 'traveler/nowhere', 'not-a-persona']) }
  return { persona: nameOf(oneOf(gen, held)) }
}

function drawPlace(gen: Gen, facts: Facts, grant: Grant, action: string): Pick<Ask, 'trip' | 'item' | 'account'> {
  const owner = plain(chainOf(facts, grant)[0]?.delegator ?? '')
  if (action === 'create') return { account: chance(gen, 90) ? owner : oneOf(gen, PEOPLE) }
  const trips = facts.resources.filter(({ parent }) => parent === undefined)
  const [trip = '', item] = plain(grant.scope).split('-')
  const owned = trips.filter((each) => plain(each.owner) === owner)
  const isWide = grant.scope.startsWith('all:') || chance(gen, 15)
  const asked = isWide ? plain(oneOf(gen, owned.length > 0 ? owned : trips).ref) : trip
  const part = isItem(item) && chance(gen, 80) ? item : oneOf(gen, ITEMS)
  return { trip: asked, ...(chance(gen, 75) ? { item: part } : {}) }
}

const isItem = (name: string | undefined): name is Item => ITEMS.some((item) => item === name)

function drawAnybody(gen: Gen, facts: Facts): Ask {
  const trips = facts.resources.filter(({ parent }) => parent === undefined).map(({ ref }) => plain(ref))
  const subject = oneOf(gen, [...PEOPLE, ...AGENTS, UNKNOWN_AGENT, 'Z'])
  const action = chance(gen, 5) ? 'fly' : oneOf(gen, ACTIONS)
  return {
    subject,
    ...(chance(gen, 35) ? { actor: oneOf(gen, [...AGENTS, ...AGENTS, UNKNOWN_AGENT, 'B']) } : {}),
    ...drawPersona(gen, facts, subject),
    action,
    ...(action === 'create' && chance(gen, 60) ? { account: oneOf(gen, [...PEOPLE, 'Z']) } : {}),
    trip: chance(gen, 95) ? oneOf(gen, trips) : 'no-such-trip',
    ...(chance(gen, 70) ? { item: oneOf(gen, ITEMS) } : {}),
  }
}

/** Attributes at the limits, beyond them, and such as cannot be read. */
function drawDetails(gen: Gen): Pick<Ask, 'attributes' | 'days'> {
  if (chance(gen, 50)) return {}
  const days = chance(gen, 40) ? { days: oneOf(gen, [-1, 0, 3, 7 - 1 / 86_400, 7, 60, 61, 62]) } : {}
  const amount = (): unknown => oneOf(gen, [0, 99, 100, 12_000, 12_001, 400_000, 500_000, 500_001])
  const attributes = {
    ...(chance(gen, 40) ? { planned_price: { amount: amount(), currency: chance(gen, 90) ? 'EUR' : 'USD' } } : {}),
    ...(chance(gen, 40) ? { risk: oneOf(gen, [0, 1, 2, 3, 5, 6]) } : {}),
    ...(chance(gen, 25) ? drawUnreadable(gen) : {}),
  }
  return { ...days, attributes }
}

const drawUnreadable = (gen: Gen): Readonly<Record<string, unknown>> =>
  weighted<Readonly<Record<string, unknown>>>(gen, [
    [1, () => ({ risk: oneOf<unknown>(gen, [null, 'abc', -1, 1.5, '2', true, 1e300, [1], {}]) })],
    [
      1,
      () => ({
        planned_price: oneOf<unknown>(gen, [
          null,
          4000,
          '4000',
          { amount: '4000', currency: 'EUR' },
          { amount: -5, currency: 'EUR' },
          { amount: 0.5, currency: 'EUR' },
          { amount: 4000 },
          { amount: 4000, currency: 'eur' },
          { amount: null, currency: 'EUR' },
        ]),
      }),
    ],
    [
      1,
      () => ({
        starts_at: oneOf<unknown>(gen, [null, 0, 'soon', '2999-01-01', '2999-13-01T00:00:00Z', '2999-01-01T00:00Z']),
      }),
    ],
  ])

/**
 * A world as a list of steps: what happens, and what is asked in between. The facts a world begins with, and how a question of the cases'
 * kind stands before the reference.
 *
 * @module
 */
import { type Ask, AUTONOMY, ITEMS, isAgent, PERSONAS } from '../fixtures/world.ts'
import { administer } from '../reference/administer.ts'
import { refOf } from '../reference/administer-grant.ts'
import type { Command } from '../reference/command.ts'
import type { Facts, Question } from '../reference/facts.ts'

export type Step = Command | { readonly ask: Ask }

/** Steps, and what was observed after the last of them. */
export interface Found<T> {
  readonly steps: readonly Step[]
  readonly what: T
}

export const isAsk = (step: Step): step is { readonly ask: Ask } => 'ask' in step

export const PEOPLE: readonly string[] = Object.keys(PERSONAS)
export const AGENTS: readonly string[] = ['X', 'X2']
/** Nobody registered that agent. */
export const UNKNOWN_AGENT = 'X9'

const DAY_MS = 86_400_000

/** What `World.begin` sets up: people with usable personas, agents, A's settings, and A's trip T. */
export function beginning(now: number): Facts {
  const people = Object.entries(PERSONAS).flatMap(([holder, names]) => names.map((name) => ({ holder, name })))
  const personas = people.map(({ holder, name }) => {
    const [title = '', circle = ''] = name.split('/')
    const id = `${holder} ${name}`
    const usable = { status: 'active', validFrom: now, validTill: Number.POSITIVE_INFINITY } as const
    return { id, holder: refOf(holder), title, circle, ...usable, ...(holder === 'A' ? { autonomy: AUTONOMY } : {}) }
  })
  const agents = AGENTS.map((name) => ({ id: refOf(name), suspended: false }))
  const facts = { now, personas, agents, resources: [], grants: [] }
  return administer(facts, { trip: { name: 'T', owner: 'A', persona: 'traveler/family' } }).facts
}

/** The question that `World.question` asks. */
export function questionOf(facts: Facts, ask: Ask): Question {
  const { subject, actor, action, trip = 'T', item, attributes, days = 60 } = ask
  const persona = ask.persona === undefined ? PERSONAS[subject]?.[0] : ask.persona
  const startsAt = new Date(facts.now + days * DAY_MS).toISOString()
  const isCreate = action === 'create'
  return {
    subject: refOf(subject),
    ...(actor ? { actor: isAgent(actor) ? refOf(actor) : `agent:${actor}` } : {}),
    ...(persona ? { persona } : {}),
    action,
    resource: isCreate
      ? `travel_account:${ask.account ?? subject}`
      : item
        ? `workflow_item:${trip}-${item}`
        : `workflow:${trip}`,
    attributes: isCreate ? {} : { ...(item ? { ...ITEMS[item], starts_at: startsAt } : {}), ...attributes },
  }
}

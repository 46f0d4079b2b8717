/**
 * The people who are asked about, and the questions: made through the PDP's own interface.
 *
 * @module
 */
import type { PartyRef } from '@mandate/protocol'
import { createCall, TRIPS } from '../fixtures/pdp.ts'
import { type Ask, type ITEMS, World } from '../fixtures/world.ts'
import type { Size } from './crowd.ts'
import type { Ground } from './ground.ts'

/** Items of the trip that batches ask about. */
const LEGS = 50
const ACTIONS = ['read', 'execute']
const PERSONA = 'travel-agent/acme'

/** Chains of one, three and five persons, and two agents that the owner engaged: one of them holds very many grants besides. */
export async function furnish(ground: Pick<Ground, 'pdpUrl' | 'issuer'>): Promise<World> {
  const call = createCall(() => ground.pdpUrl, ground.issuer)
  const world = new World({ now: Date.now, advance: () => undefined, call })
  await world.begin()
  const people = ['B', 'P2', 'P3', 'P4', 'P5']
  for (const name of people.slice(1)) await world.persona(name, PERSONA)
  let from = 'A'
  for (const [index, to] of people.entries()) {
    const persona = index === 0 ? 'traveler/family' : PERSONA
    const parent = index === 0 ? {} : { parent: `g${index - 1}` }
    // A second's difference each: a child lasts no longer than its parent.
    const step = { from, to, persona, actions: ACTIONS, redelegations: 5 - index, seconds: 86_400 - index, ...parent }
    await must(world.grant({ name: `g${index}`, ...step }))
    from = to
  }
  for (const agent of ['X', 'X2']) await must(world.grant({ from: 'A', to: agent, actions: ['execute'], days: 1 }))
  const trip = world.named.get('T')
  for (let leg = 0; leg < LEGS; leg += 1) {
    await must(
      world.call('PUT', `/v1/resources/workflow_item/${trip}-leg${leg}`, TRIPS, { parent: `workflow:${trip}` }),
    )
  }
  return world
}

async function must(answer: Promise<{ readonly status: number; readonly text: string }>): Promise<void> {
  const { status, text } = await answer
  if (status >= 300) throw new Error(`bench: ${status} ${text}`)
}

/** The agent that holds the crowd's grants. */
export const busyAgent = (world: World): PartyRef => `agent:${world.id('X2')}`

/** One question to the PDP. */
export interface Asked {
  readonly name: string
  readonly path: string
  readonly body: string
  /** Whether an answer is the one expected. */
  readonly isRight: (answer: Readonly<Record<string, unknown>>) => boolean
}

export function questions(world: World, size: Size): readonly Asked[] {
  const byAgent = (actor: string): Ask => ({ subject: 'A', actor, action: 'execute', item: 'flight' })
  const inChain = (subject: string): Ask => ({ subject, persona: PERSONA, action: 'execute', item: 'flight' })
  return [
    single(world, 'owner', true, { subject: 'A', action: 'execute', item: 'flight' }),
    single(world, 'chain of 1', true, inChain('B')),
    single(world, 'chain of 3', true, inChain('P3')),
    single(world, 'chain of 5', true, inChain('P5')),
    single(world, 'agent, gates', true, byAgent('X')),
    single(world, `agent with ${figure(size.held)} grants`, true, byAgent('X2')),
    single(world, 'denial', false, { subject: 'S', action: 'execute', item: 'flight' }),
    batch(world, 10),
    batch(world, 50),
    search(world, size),
  ]
}

export const figure = (number: number): string => number.toLocaleString('en')

function single(world: World, name: string, expected: boolean, ask: Ask): Asked {
  const body = JSON.stringify(world.question(ask))
  return {
    name,
    path: '/access/v1/evaluation',
    body,
    isRight: ({ decision }) => decision === expected,
  }
}

/** An agent's batch: one question about each of so many items of a trip. */
function batch(world: World, count: number): Asked {
  const { subject, action, resource } = world.question({ subject: 'A', actor: 'X', action: 'execute', item: 'flight' })
  const { properties } = resource as { readonly properties: typeof ITEMS.flight }
  const evaluations = Array.from({ length: count }, (_, leg) => ({
    resource: { type: 'workflow_item', id: `${world.named.get('T')}-leg${leg}`, properties },
  }))
  return {
    name: `batch of ${count}`,
    path: '/access/v1/evaluations',
    body: JSON.stringify({ subject, action, evaluations }),
    isRight: (answer) => {
      const items = answer['evaluations'] as readonly { readonly decision: boolean }[]
      return items.length === count && items.every(({ decision }) => decision)
    },
  }
}

/** What the owner may read: what is visible of the crowd's, and the trip. */
function search(world: World, { visible, resources }: Size): Asked {
  const { subject } = world.question({ subject: 'A', action: 'read' })
  const body = { subject, action: { name: 'read' }, resource: { type: 'workflow' }, page: { limit: visible } }
  return {
    name: `search, ${figure(visible)} of ${figure(resources)}`,
    path: '/access/v1/search/resource',
    body: JSON.stringify(body),
    isRight: ({ results }) => Array.isArray(results) && results.length === visible,
  }
}

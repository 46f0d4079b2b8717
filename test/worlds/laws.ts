/**
 * Laws that hold in every world, each a look at the real PDP's answers alone.
 *
 * @module
 */
import type { Answer } from '../fixtures/pdp.ts'
import { TRIPS } from '../fixtures/pdp.ts'
import { type Ask, isAgent, type World } from '../fixtures/world.ts'
import { refOf } from '../reference/administer-grant.ts'
import { personaNamed, personaWithId } from '../reference/chain.ts'
import { decide } from '../reference/decide.ts'
import { type Facts, type Grant, nameOf } from '../reference/facts.ts'
import { plain } from './commands.ts'
import { answersTo, type Told } from './play.ts'
import { questionOf } from './steps.ts'

/** A world in its present state. */
export interface Held {
  readonly world: World
  readonly facts: Facts
}

/** What is wrong, and about which question. */
export interface Broken {
  readonly ask: Ask
  readonly why: string
}

/** How many cases of it were looked at: a law that was never put to the test proves nothing. */
export interface Ruling {
  readonly looked: number
  readonly broken?: Broken
}

export type Law = (held: Held, asks: readonly Ask[]) => Promise<Ruling>

/** What a delegate further up may lack that one further down has: a persona or a state of their own, never authority. */
const THEIR_OWN = ['persona_action', 'persona_unusable', 'agent_suspended']
const AUDITOR = { sub: 'staff-auditor', azp: 'auditor', roles: ['auditor'] }
/** How many grants one world is asked to live without. */
const REMOVED = 8

const told = (answer: Told): string => `${answer.permit ? 'permit' : 'deny'} ${answer.reasons} [${answer.chain}]`

/** Whatever a chain permits, its last giver may do too, but for what is their own. */
export const attenuation: Law = async ({ world, facts }, asks) => {
  const answers = await answersTo(world, asks)
  const above = asks.flatMap((ask, index) => {
    const leaf = facts.grants.find(({ id }) => id === answers[index]?.chain.at(-1))
    return leaf && answers[index]?.permit ? { ask, giver: askOfGiver(facts, ask, leaf) } : []
  })
  const givers = await answersTo(
    world,
    above.map(({ giver }) => giver),
  )
  for (const [index, { ask, giver }] of above.entries()) {
    const answer = givers[index]
    if (!answer?.permit && !answer?.reasons.every((code) => THEIR_OWN.includes(code)))
      return {
        looked: index,
        broken: { ask, why: `permitted, but ${giver.subject}, who gave it: ${answer && told(answer)}` },
      }
  }
  return { looked: above.length }
}

/** The same question, by whoever gave the last link, in the persona they gave it in. */
function askOfGiver(facts: Facts, { actor: _actor, ...ask }: Ask, { delegator, delegatorPersona }: Grant): Ask {
  const persona = personaWithId(facts, delegatorPersona)
  return {
    ...ask,
    subject: plain(delegator),
    account: ask.account ?? ask.subject,
    persona: persona ? nameOf(persona) : null,
  }
}

/** When a revocation returns, nothing is permitted through the grant any more, nor below it. */
export const revocation: Law = async ({ world, facts }, asks) => {
  const before = await answersTo(world, asks)
  const used = [...new Set(before.flatMap(({ permit, chain }) => (permit ? chain : [])))].slice(0, REMOVED)
  for (const id of used) {
    await revokeByGiver(world, facts, id)
    const after = await answersTo(world, asks)
    const index = after.findIndex(({ permit, chain }) => permit && chain.includes(id))
    const ask = asks[index]
    if (ask) return { looked: used.length, broken: { ask, why: `permitted through ${id}, which was revoked` } }
  }
  return { looked: used.length }
}

/** Taking a grant away permits nothing that was denied. */
export const monotony: Law = async ({ world, facts }, asks) => {
  const live = facts.grants.filter(({ revoked, expiresAt }) => !revoked && expiresAt > facts.now).slice(-REMOVED)
  let before = await answersTo(world, asks)
  for (const { id } of live) {
    await revokeByGiver(world, facts, id)
    const after = await answersTo(world, asks)
    const index = after.findIndex(({ permit }, each) => permit && !before[each]?.permit)
    const ask = asks[index]
    if (ask) return { looked: live.length, broken: { ask, why: `denied with ${id}, permitted without` } }
    before = after
  }
  return { looked: live.length }
}

async function revokeByGiver(world: World, facts: Facts, id: string): Promise<void> {
  const grant = facts.grants.find((each) => each.id === id)
  const { status, text } = await world.revoke(id, plain(grant?.delegator ?? ''))
  if (status !== 200) throw new Error(`${id} could not be revoked: ${status} ${text}`)
}

/** Every permit follows from the grants of its chain as they are stored, and from who owns the resource, alone. */
export const noneFromThinAir: Law = async ({ world, facts }, asks) => {
  const answers = await answersTo(world, asks)
  const stored = new Map<string, Grant>()
  let looked = 0
  for (const [index, ask] of asks.entries()) {
    const answer = answers[index]
    if (!answer?.permit) continue
    looked += 1
    for (const id of answer.chain) if (!stored.has(id)) stored.set(id, await storedGrant(world, facts, id))
    const grants = answer.chain.flatMap((id) => stored.get(id) ?? [])
    const again = decide({ ...facts, grants }, questionOf(facts, ask))
    if (!again.permit || again.chain.join() !== answer.chain.join())
      return { looked, broken: { ask, why: `${told(answer)}, but its grants alone: ${told(again)}` } }
  }
  return { looked }
}

/** Reads a grant back, and makes a fact of nothing but what was read. */
async function storedGrant(world: World, facts: Facts, id: string): Promise<Grant> {
  const { status, body, text } = await world.call('GET', `/v1/grants/${world.named.get(id)}`, AUDITOR)
  if (status !== 200) throw new Error(`${id} could not be read: ${status} ${text}`)
  const nameOfGrant = new Map([...world.named].map(([name, ulid]) => [ulid, name]))
  const party = (ref: string): string => ref.replace(`-${world.tag}`, '')
  const persona = personaNamed(facts, party(body.delegator), body.delegator_persona)
  const scope = scopeIn(world, body.scope)
  const deed = facts.resources.find(({ ref }) => ref === scope)?.deed
  return {
    id,
    delegator: party(body.delegator),
    ...(persona ? { delegatorPersona: persona.id } : {}),
    delegate: party(body.delegate),
    ...(body.delegate_persona ? { delegatePersona: body.delegate_persona } : {}),
    actions: body.actions,
    scope,
    ...(deed === undefined ? {} : { deed }),
    limits: body.limits,
    expiresAt: Date.parse(body.expires_at),
    redelegations: body.redelegations,
    unattended: body.unattended,
    ...(body.parent ? { parent: nameOfGrant.get(body.parent) ?? body.parent } : {}),
    revoked: body.status !== 'live',
  }
}

/** `workflow:<id>` with the case's name of the trip. */
function scopeIn(world: World, scope: string): string {
  const trip = [...world.named].find(([name, id]) => name.startsWith('T') && scope.includes(id))
  return trip ? scope.replace(trip[1], trip[0]) : scope
}

/** Who owns what, as the service reads it back, is what the chain begins with. */
export const ownedByFirst: Law = async ({ world, facts }, asks) => {
  const answers = await answersTo(world, asks)
  const owners = new Map<string, Promise<Answer>>()
  let looked = 0
  for (const [index, ask] of asks.entries()) {
    const answer = answers[index]
    const trip = ask.trip ?? 'T'
    if (!answer?.permit || ask.action === 'create') continue
    looked += 1
    const read = owners.get(trip) ?? world.call('GET', `/v1/resources/workflow/${world.named.get(trip)}`, TRIPS)
    owners.set(trip, read)
    const first = facts.grants.find(({ id }) => id === answer.chain[0])?.delegator ?? refOf(ask.subject)
    const { owner } = (await read).body
    if (owner !== world.ref(plain(first)) || isAgent(plain(first)))
      return { looked, broken: { ask, why: `${told(answer)}, but it is ${owner}'s` } }
  }
  return { looked }
}

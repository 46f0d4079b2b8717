/**
 * Why the delegate of a live grant cannot use it now, although nothing ended the grant: a suspended agent, a persona that is not usable, consent
 * that was withdrawn. From the same stored facts as decisions; what depends on the request (limits of attributes, the session) is left out.
 *
 * @module
 */
import { type PartyRef, type ReasonCode, splitRef } from '@mandate/protocol'
import { personaFits } from '../decide/chain.ts'
import type { Manifest } from '../policy/manifest.ts'
import type { Giver, GrantBody } from '../ports/grants.ts'
import type { AgentRecord, PersonaRecord } from '../ports/register.ts'
import type { PapDeps } from './pap.ts'

/** Actions of a grant that every decision denies now, and the reason that it gives. */
export interface Withheld {
  readonly code: string
  readonly actions: readonly string[]
}

/** The facts that one request reads, each at most once: grants of one list share agents and personas. */
export interface ActingFacts {
  readonly agent: (ref: string) => Promise<AgentRecord | undefined>
  readonly persona: (id: string) => Promise<PersonaRecord | undefined>
  readonly personas: (holder: PartyRef) => Promise<readonly PersonaRecord[]>
}

export function actingFactsOf({ register }: Pick<PapDeps, 'register'>): ActingFacts {
  return {
    agent: once((ref) => register.agent(splitRef(ref as PartyRef).id)),
    persona: once((id) => register.persona(id)),
    personas: once((holder) => register.personas(holder as PartyRef)),
  }
}

function once<T>(read: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (key) => {
    const found = known.get(key) ?? read(key)
    known.set(key, found)
    return found
  }
}

/** Empty for a grant that can be used. @param grant - A live one. */
export async function withheldOf(
  grant: GrantBody,
  facts: ActingFacts,
  { policies, clock }: Pick<PapDeps, 'policies' | 'clock'>,
): Promise<readonly Withheld[]> {
  const { actions } = grant
  const { type, id } = splitRef(grant.covers)
  const manifest = (type === 'all' ? policies().byDomain.get(id) : policies().byType.get(type))?.manifest
  const now = clock()
  const givers = await giversCode(grant.givers, facts, now)
  const whole = (code: ReasonCode): Withheld => ({ code, actions })
  if (!grant.delegate.startsWith('agent:')) {
    const own = manifest ? await actionsWithoutPersona(grant, manifest, facts, now) : []
    return [...(givers ? [whole(givers)] : []), ...(own.length > 0 ? [{ code: 'persona_unusable', actions: own }] : [])]
  }
  const agent = await facts.agent(grant.delegate)
  const inactive = agent === undefined ? 'agent_unknown' : agent.active ? undefined : 'agent_suspended'
  return [
    ...(inactive ? [whole(inactive)] : []),
    ...(givers ? [whole(givers)] : []),
    ...(manifest ? await withoutConsent(grant, manifest, facts) : []),
  ]
}

/** The first giver is the owner. */
async function giversCode(givers: readonly Giver[], facts: ActingFacts, now: number): Promise<ReasonCode | undefined> {
  for (const [index, giver] of givers.entries()) {
    if (await isUsable(giver, facts, now)) continue
    return index === 0 ? 'owner_persona_unusable' : 'chain_broken'
  }
  return undefined
}

async function isUsable(giver: Giver, facts: ActingFacts, now: number): Promise<boolean> {
  if (giver.startsWith('agent:')) return (await facts.agent(giver))?.active === true
  const persona = await facts.persona(giver.slice('persona:'.length))
  return persona !== undefined && isUsableNow(persona, now)
}

const isUsableNow = ({ status, validFrom, validTill }: PersonaRecord, now: number): boolean =>
  status === 'active' && validFrom <= now && now < validTill

/** Actions that no usable persona of the delegate may use by grant. None in a domain without titles. */
async function actionsWithoutPersona(
  { delegate, asks, actions }: GrantBody,
  { titles }: Manifest,
  facts: ActingFacts,
  now: number,
): Promise<readonly string[]> {
  if (Object.keys(titles).length === 0) return []
  const held = await facts.personas(delegate)
  const usable = held.filter((persona) => isUsableNow(persona, now) && personaFits(persona.id, asks))
  return actions.filter(
    (action) => !usable.some(({ title }) => Object.hasOwn(titles, title) && titles[title]?.by_grant.includes(action)),
  )
}

/** Actions behind a gate of consent that the owner's persona has not given. */
async function withoutConsent(
  { givers: [first], actions }: GrantBody,
  { gates }: Manifest,
  facts: ActingFacts,
): Promise<readonly Withheld[]> {
  const owner = first?.startsWith('persona:') ? await facts.persona(first.slice('persona:'.length)) : undefined
  if (owner?.autonomy?.consent) return []
  return gates
    .filter(({ attribute }) => attribute === undefined)
    .map((gate) => ({ code: gate.reason, actions: actions.filter((action) => gate.actions.includes(action)) }))
    .filter((withheld) => withheld.actions.length > 0)
}

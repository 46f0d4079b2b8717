/**
 * Everybody else: resources and grants in such numbers that they are written to OpenFGA and the register directly, spelled as the PDP spells
 * them. Through the PDP they would take a good part of an hour.
 *
 * @module
 */
import type { PartyRef, ResourceRef } from '@mandate/protocol'
import type { Pool } from 'undici'
import type { GrantBody, Located, PersonaId } from '../../pdp/src/ports/grants.ts'
import { personaId } from '../../pdp/src/ports/persona-id.ts'
import { grantTuples, ownerTuple, type Tuple } from '../../pdp/src/tuples/tuples.ts'
import { send } from './client.ts'
import type { Ground } from './ground.ts'

export interface Size {
  /** Topmost resources of all owners. */
  readonly resources: number
  /** Of these, the ones that the person in question owns. */
  readonly visible: number
  /** Grants that one agent holds from others. */
  readonly held: number
}

/** Every visible resource stands under one deed, so that one ListObjects finds all of them. Nobody has a grant under it. */
export const VISIBLE_DEED = 'bench'

const WRITERS = 4
const TUPLES_A_WRITE = 100
/** PostgreSQL plans Write's look-ups badly on a table it has no statistics of. */
const FIRST_ANALYZE_AFTER = 2_000
const DAY_MS = 86_400_000

export interface Crowd {
  readonly located: readonly Located[]
  readonly grants: readonly GrantBody[]
}

export interface Star {
  readonly party: PartyRef
  readonly persona: PersonaId
}

/** The pseudonym of a person of the world. */
export async function findStar(
  ground: Pick<Ground, 'issuer' | 'withStores'>,
  sub: string,
  title: string,
  circle: string,
): Promise<Star> {
  return ground.withStores(async ({ vault }) => {
    const party = await vault.known(ground.issuer.issuer, sub)
    if (!party) throw new Error(`bench: ${sub} is not known`)
    return { party, persona: personaId({ holder: party, title, circle, n: 1 }) }
  })
}

/** @param from - What of it is there already. */
export function crowdOf(size: Size, from: Size, star: Star, agent: PartyRef): Crowd {
  const visible = numbers(from.visible, size.visible).map((n) => resourceOf(`seen-${n}`, star, VISIBLE_DEED))
  const others = numbers(from.resources - from.visible, size.resources - size.visible)
  const strange = others.map((n) => resourceOf(`other-${n}`, stranger(n), `deed-${n}`))
  const grants = numbers(from.held, size.held).map((n) => grantOf(n, stranger(n), agent))
  return { located: [...visible, ...strange], grants }
}

const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)

function stranger(n: number): Star {
  const party: PartyRef = `user:p_stranger-${n}`
  return { party, persona: personaId({ holder: party, title: 'traveler', circle: 'family', n: 1 }) }
}

function resourceOf(id: string, owner: Star, deed: string): Located {
  const resource: ResourceRef = `workflow:${id}`
  return { resource, root: resource, ancestors: [], owner: owner.party, persona: owner.persona, deed }
}

function grantOf(n: number, giver: Star, agent: PartyRef): GrantBody {
  const id = String(n).padStart(26, '0')
  return {
    id,
    delegator: giver.party,
    delegatorPersona: giver.persona,
    delegate: agent,
    asks: '',
    owner: giver.party,
    actions: ['execute', 'read'],
    scope: { deed: `deed-${n}`, part: undefined },
    covers: `workflow:other-${n}`,
    atMost: {},
    atLeast: {},
    expiresAt: Date.now() + DAY_MS,
    redelegations: 0,
    unattended: false,
    parent: undefined,
    path: [id],
    givers: [`persona:${giver.persona}`],
    createdAt: Date.now(),
  }
}

export type Loaded = Pick<Ground, 'analyze' | 'openFga' | 'withStores'>

/** @param isRegistered - Whether the register learns of them too: searches need it, decisions about others do not. @returns How many tuples were written. */
export async function loadCrowd(
  ground: Loaded,
  pool: Pool,
  store: string,
  crowd: Crowd,
  isRegistered = true,
): Promise<number> {
  if (isRegistered) await remember(ground, crowd)
  const tuples = [...crowd.located.map(ownerTuple), ...crowd.grants.flatMap((grant) => grantTuples(grant).writes)]
  const first = tuples.slice(0, FIRST_ANALYZE_AFTER)
  await writeAll(ground, pool, store, first)
  await ground.analyze()
  if (tuples.length > first.length) {
    await writeAll(ground, pool, store, tuples.slice(first.length))
    await ground.analyze()
  }
  return tuples.length
}

async function writeAll(ground: Loaded, pool: Pool, store: string, tuples: readonly Tuple[]): Promise<void> {
  let next = 0
  const writer = async (): Promise<void> => {
    while (next < tuples.length) {
      const keys = tuples.slice(next, next + TUPLES_A_WRITE)
      next += TUPLES_A_WRITE
      await send(pool, `${store}/write`, ground.openFga.apiToken, JSON.stringify({ writes: { tuple_keys: keys } }))
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
}

/** The register knows them too: searches begin there, and a denial is explained from it. */
async function remember(ground: Loaded, { located, grants }: Crowd): Promise<void> {
  await ground.withStores(({ transaction }) =>
    transaction(async ({ register }) => {
      for (const one of located) await register.putResource(one)
      for (const grant of grants) {
        await register.proposeGrant(grant, Date.now())
        await register.completeGrant(grant.id)
      }
    }),
  )
}

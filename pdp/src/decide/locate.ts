/**
 * Step 2, locate: whose is the resource, and which scopes of grants cover it?
 *
 * @module
 */
import { type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import type { Pack } from '../policy/pack.ts'
import type { Located, PersonaId, Scope } from '../ports/grants.ts'
import { personaParts } from '../ports/persona-id.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { type Task, wait } from '../runtime/task.ts'
import type { AdmittedEvaluation } from './admit.ts'

/** The resource that a question is about, located: owner, place in the hierarchy, and the scopes that cover it. */
export interface Target extends Pick<Located, 'owner' | 'root' | 'resource' | 'ancestors'> {
  /** The persona that the resource was created under. `undefined` for an account, which belongs to all personas of its owner. */
  readonly persona: PersonaId | undefined
  /** `undefined` for an account. */
  readonly deed: string | undefined
  /** A grant of any of these scopes covers the resource. */
  readonly within: readonly Scope[]
  /** What the relationship store says of the resource. `undefined` for an account. */
  readonly located: Located | undefined
}

/** @returns `undefined` for a resource that is not registered. */
export function* locate(
  admitted: AdmittedEvaluation,
  relations: Relations,
  statistics: RequestStatistics,
): Task<Target | undefined> {
  const { evaluation, pack } = admitted
  if (splitRef(evaluation.resource).type === pack.manifest.account)
    return yield* locateAccount(evaluation.resource, pack, relations, statistics)
  const located = yield* wait(relations.locate(evaluation.resource, statistics))
  if (!located) return undefined
  return { ...located, located, within: scopesCovering(located, pack.manifest.domain) }
}

/** Every scope that covers a resource: its deed, the resource as a part of it, each ancestor below the root, and all of the persona's resources. */
export function scopesCovering(located: Located, domain: string): readonly Scope[] {
  const parts = [located.resource, ...located.ancestors].filter((ref) => ref !== located.root)
  return [
    { deed: located.deed, part: undefined },
    ...parts.map((part) => ({ deed: located.deed, part })),
    ...(located.persona ? [{ domain, persona: located.persona }] : []),
  ]
}

/** An account is never registered: its id is the owner's, and `create` is asked of it because the new resource does not exist yet (rule B3). */
function* locateAccount(
  resource: ResourceRef,
  { manifest }: Pack,
  relations: Relations,
  statistics: RequestStatistics,
): Task<Target> {
  const owner = `user:${splitRef(resource).id}` as const
  const personas = yield* wait(relations.personasOf(owner, statistics))
  const within = personas
    .filter((persona) => manifest.titles[personaParts(persona).title])
    .map((persona) => ({ domain: manifest.domain, persona }))
  return { ...unregistered(resource, owner), within }
}

/** A target that no grant covers. */
export const unregistered = (resource: ResourceRef, owner: PartyRef): Target => ({
  resource,
  root: resource,
  ancestors: [],
  owner,
  persona: undefined,
  deed: undefined,
  within: [],
  located: undefined,
})

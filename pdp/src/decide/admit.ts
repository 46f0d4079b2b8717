/**
 * Step 1, admit: is this a question at all? And step 2, locate: about what? Everything unknown is a denial with a code (rule A1).
 *
 * @module
 */
import { type EpochMillis, type ReasonCode, type ResourceRef, splitRef } from '@mandate/protocol'
import type { InForce, Pack } from '../policy/pack.ts'
import type { Located, PersonaId, Scope } from '../ports/grants.ts'
import { personaParts } from '../ports/names.ts'
import type { Relations } from '../ports/relations.ts'
import type { RequestStatistics } from '../ports/request-statistics.ts'
import { type Attributes, coerceAttributes } from './attributes.ts'
import type { Evaluation } from './question.ts'

export interface Admitted {
  readonly evaluation: Evaluation
  readonly pack: Pack
  readonly attributes: Attributes
  readonly now: EpochMillis
  /** Whether links' own limits bind the action. */
  readonly limited: boolean
  readonly model: string
  /** Whether the subject has signed out. */
  readonly isSessionEnded: boolean
  /** Set when the domain's own model decides. */
  readonly relation: AskedRelation | undefined
}

/** A relation between subject and resource that is the decision. */
export interface AskedRelation {
  readonly name: string
  /** Whether the resource hangs from its domain. */
  readonly inDomain: boolean
}

/** Where the question is about, and which scopes cover it. */
export interface Place extends Pick<Located, 'owner' | 'root' | 'resource' | 'ancestors'> {
  /** The persona the resource was created under; `undefined` for an owner's account, which has none of its own. */
  readonly persona: PersonaId | undefined
  /** `undefined` for an owner's account. */
  readonly deed: string | undefined
  readonly within: readonly Scope[]
}

/** A question that is denied before anything is looked up. */
export interface Inadmissible {
  readonly inadmissible: ReasonCode
}

export function admit(
  evaluation: Evaluation,
  policies: InForce,
  now: EpochMillis,
  isSessionEnded = false,
): Admitted | Inadmissible {
  const { type } = splitRef(evaluation.resource)
  const pack = policies.byType.get(type)
  if (!pack) return { inadmissible: 'resource_unknown' }
  const { manifest } = pack
  const rule = Object.hasOwn(manifest.actions, evaluation.action) ? manifest.actions[evaluation.action] : undefined
  if (!rule || (rule.on === 'account') !== (type === manifest.account)) return { inadmissible: 'action_unknown' }
  if (rule.relation && !policies.model.relation(type, rule.relation)) return { inadmissible: 'action_unknown' }
  return {
    evaluation,
    pack,
    now,
    limited: rule.limited,
    isSessionEnded,
    model: policies.modelId,
    relation: rule.relation
      ? { name: rule.relation, inDomain: policies.model.relation(type, 'domain') !== undefined }
      : undefined,
    attributes: coerceAttributes(manifest, evaluation.attributes, now),
  }
}

/** Finds the resource's owner, deed and persona; for an account, the personas it can be under. */
export async function locate(
  admitted: Admitted,
  relations: Relations,
  statistics: RequestStatistics,
): Promise<Place | undefined> {
  const { evaluation, pack } = admitted
  const { type, id } = splitRef(evaluation.resource)
  if (type === pack.manifest.account) return accountPlace(evaluation.resource, id, pack, relations, statistics)
  const located = await relations.locate(evaluation.resource, statistics)
  if (!located) return undefined
  return { ...located, within: scopesCovering(located, pack.manifest.domain) }
}

/** Everything whose grant would cover a resource: its deed, the part of it and every part above, and all of its persona's. */
export function scopesCovering(located: Located, domain: string): readonly Scope[] {
  const parts = [located.resource, ...located.ancestors].filter((ref) => ref !== located.root)
  return [
    { deed: located.deed, part: undefined },
    ...parts.map((part) => ({ deed: located.deed, part })),
    ...(located.persona ? [{ domain, persona: located.persona }] : []),
  ]
}

/** An owner's account: `create` is asked of it before there is anything to ask about (rule B3). */
async function accountPlace(
  resource: ResourceRef,
  id: string,
  pack: Pack,
  relations: Relations,
  statistics: RequestStatistics,
): Promise<Place | undefined> {
  const owner = `user:${id}` as const
  const personas = await relations.personasOf(owner, statistics)
  const within = personas
    .filter((persona) => pack.manifest.titles[personaParts(persona).title])
    .map((persona) => ({ domain: pack.manifest.domain, persona }))
  return { resource, root: resource, ancestors: [], owner, persona: undefined, deed: undefined, within }
}

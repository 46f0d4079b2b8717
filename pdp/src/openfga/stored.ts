/**
 * Parses tuples that OpenFGA returns, strictly: a tuple that this PDP would not have written is a fault.
 *
 * @module
 */
import { Fault, type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import { z } from 'zod'
import type { Candidate, GateSetting, Giver, GrantBody, Located, Scope, Seat } from '../ports/grants.ts'
import { scopeOf } from '../ports/stored-names.ts'

const tupleSchema = z.object({
  key: z.object({
    user: z.string(),
    relation: z.string(),
    object: z.string(),
    condition: z.object({ name: z.string(), context: z.looseObject({}).nullish() }).nullish(),
  }),
})
export type StoredTuple = z.infer<typeof tupleSchema>

export const readPage = z.object({ tuples: z.array(tupleSchema), continuation_token: z.string() })

/** Parses a response of OpenFGA. @throws Fault `relations_unavailable` for a response of another form. */
export function readAnswer<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Fault('relations_unavailable', `OpenFGA answered nonsense: ${z.prettifyError(parsed.error)}`)
}

const texts = z.array(z.string()).default([])
const bounds = z.record(z.string(), z.number()).default({})

const held = z.object({ held_as: z.string(), held_in: z.string().default('') })
const located = z.object({ path: texts, owner: z.string(), deed: z.string(), persona: z.string().default('') })
const holding = z.object({ attributes: z.string() })
const seated = z.object({ givers: texts, path: texts })
const gate = z.object({ most: z.number().optional(), least: z.number().optional(), unit_of: z.string().default('') })
const terms = z.object({
  delegator: z.string(),
  delegate: z.string(),
  owner: z.string(),
  delegator_persona: z.string().default(''),
  asks: z.string().default(''),
  actions: texts,
  scope: z.string(),
  covers: z.string(),
  at_most: bounds,
  at_least: bounds,
  expires_at: z.string(),
  redelegations: z.number().default(0),
  unattended: z.boolean().default(false),
  parent: z.string().default(''),
  path: texts,
  givers: texts,
  created_at: z.string(),
})

const contextOf = (tuple: StoredTuple): unknown => tuple.key.condition?.context ?? {}

/** From a topmost resource's own tuples; `ancestors` lead from `resource` to it. */
export function locatedByOwner(
  resource: ResourceRef,
  ancestors: readonly ResourceRef[],
  tuples: readonly StoredTuple[],
): Located | undefined {
  const tuple = tuples.find(({ key }) => key.relation === 'owner')
  if (!tuple) return undefined
  const { held_as, held_in } = readAnswer(held, contextOf(tuple))
  const root = ancestors[ancestors.length - 1] ?? resource
  return { resource, root, ancestors, owner: tuple.key.user as PartyRef, deed: held_as, persona: held_in }
}

/** From a part's own tuple and the hint in it. */
export function locatedByHint(resource: ResourceRef, tuples: readonly StoredTuple[]): Located | undefined {
  const tuple = tuples.find(({ key }) => key.relation === 'parent')
  if (!tuple) return undefined
  const hint = readAnswer(located, contextOf(tuple))
  const ancestors = hint.path as ResourceRef[]
  const root = ancestors[ancestors.length - 1] ?? resource
  return { resource, root, ancestors, owner: hint.owner as PartyRef, deed: hint.deed, persona: hint.persona }
}

export function candidateOf(seat: Seat, tuple: StoredTuple): Candidate {
  const { givers, path } = readAnswer(seated, contextOf(tuple))
  return { grant: splitRef(tuple.key.user).id, seat, path, givers: givers as Giver[] }
}

export function bodyOf(id: string, tuple: StoredTuple): GrantBody {
  const body = readAnswer(terms, contextOf(tuple))
  return {
    id,
    delegator: body.delegator as PartyRef,
    delegatorPersona: body.delegator_persona,
    delegate: body.delegate as PartyRef,
    asks: body.asks,
    owner: body.owner as PartyRef,
    actions: body.actions,
    scope: scopeIn(body),
    covers: body.covers,
    atMost: body.at_most,
    atLeast: body.at_least,
    expiresAt: Date.parse(body.expires_at),
    redelegations: body.redelegations,
    unattended: body.unattended,
    parent: body.parent || undefined,
    path: body.path,
    givers: body.givers as Giver[],
    createdAt: Date.parse(body.created_at),
  }
}

function scopeIn({ scope, covers }: { readonly scope: string; readonly covers: string }): Scope {
  const found = scopeOf(scope, covers)
  if (found) return found
  throw new Fault('relations_unavailable', 'OpenFGA answered nonsense: a scope that is none')
}

/** What a service stored about a subject or a resource. */
export function attributesIn(tuple: StoredTuple): Readonly<Record<string, unknown>> {
  const { attributes } = readAnswer(holding, contextOf(tuple))
  return readAnswer(z.record(z.string(), z.unknown()), JSON.parse(attributes))
}

/** The setting in a gate's tuple; consent has none and reads as zero of no unit. */
export function settingOf(tuple: StoredTuple): GateSetting {
  const setting = readAnswer(gate, contextOf(tuple))
  return { bound: setting.most ?? setting.least ?? 0, unit: setting.unit_of }
}

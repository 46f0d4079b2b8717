/**
 * Parses tuples that OpenFGA returns, strictly: a tuple that this PDP would not have written is a fault.
 *
 * @module
 */
import { Fault, type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import { z } from 'zod'
import { grantIn, TERMS } from '../ports/grant-fields.ts'
import type { Candidate, GateSetting, Giver, GrantBody, Located, Seat } from '../ports/grants.ts'

const tupleSchema = z.object({
  key: z.object({
    user: z.string(),
    relation: z.string(),
    object: z.string(),
    condition: z.object({ name: z.string(), context: z.looseObject({}).nullish() }).nullish(),
  }),
})

/** A tuple as OpenFGA's Read answers it: its key, and the condition with its context where it has one. */
export type StoredTuple = z.infer<typeof tupleSchema>

/** A page of OpenFGA's Read: tuples and the token of the next page, which is empty on the last one. */
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
/** Schema of each form of a grant's terms; OpenFGA omits empty members. */
const FORMS = {
  name: z.string(),
  text: z.string().default(''),
  texts,
  bounds,
  number: z.number().default(0),
  flag: z.boolean().default(false),
  instant: z.string(),
  scope: z.string(),
} as const
const terms = z.object(Object.fromEntries(TERMS.map(({ term, form }) => [term, FORMS[form]])))

const contextOf = (tuple: StoredTuple): unknown => tuple.key.condition?.context ?? {}

/** Locates a topmost resource by its own tuples; `ancestors` lead from `resource` to it. */
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

/** Locates a part by its own tuple and the hint in it. */
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

/**
 * The grant that a stored tuple holds in its condition's context.
 *
 * @throws Fault `relations_unavailable` when the context does not have the form that this PDP writes.
 */
export function bodyOf(id: string, tuple: StoredTuple): GrantBody {
  const grant = grantIn(id, readAnswer(terms, contextOf(tuple)))
  if (grant) return grant
  throw new Fault('relations_unavailable', 'OpenFGA answered nonsense: a scope that is none')
}

/** Parses the attributes that a service stored about a subject or a resource. */
export function attributesIn(tuple: StoredTuple): Readonly<Record<string, unknown>> {
  const { attributes } = readAnswer(holding, contextOf(tuple))
  return readAnswer(z.record(z.string(), z.unknown()), JSON.parse(attributes))
}

/** The setting in a gate's tuple; consent has none and reads as zero of no unit. */
export function settingOf(tuple: StoredTuple): GateSetting {
  const setting = readAnswer(gate, contextOf(tuple))
  return { bound: setting.most ?? setting.least ?? 0, unit: setting.unit_of }
}

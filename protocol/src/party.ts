/**
 * References to parties and resources as one string, `type:id`. A type contains no `:`, so the first `:` separates; an id may contain more (rule A5).
 *
 * @module
 */
import { z } from 'zod'
import { idForm, idObjection } from './id.ts'

/** Reference to a party: `user:<id>` or `agent:<client id>`. A user's id is their `sub` on the wire, and their pseudonym inside the PDP and in its log. */
export type PartyRef = `user:${string}` | `agent:${string}`

/** A party on the wire: `user:<sub>` or `agent:<client id>`, with a valid id. */
export const partySchema = z
  .string()
  .transform((value, context): PartyRef => {
    const split = value.indexOf(':')
    const type = value.slice(0, split)
    const objection = split < 0 ? 'must be user:<id> or agent:<id>' : idObjection(value.slice(split + 1))
    if (!objection && (type === 'user' || type === 'agent')) return value as PartyRef
    context.addIssue({ code: 'custom', message: objection ?? 'must be user:<id> or agent:<id>' })
    return z.NEVER
  })
  .meta({ ...idForm('(user|agent):'), description: '`user:<sub>` or `agent:<client id>`.' })

/** Reference to a resource: `type:id`, such as `workflow:01K…`. */
export type ResourceRef = `${string}:${string}`

/** Scope of a grant: a resource, or `all:<domain>` for all resources that the owner created in that domain under the delegator's persona. */
export const scopeSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,29}:/u, 'must be <type>:<id>, such as workflow:01K…, or all:<domain>')
  .superRefine((value, context) => {
    const objection = idObjection(value.slice(value.indexOf(':') + 1))
    if (objection) context.addIssue({ code: 'custom', message: `the id ${objection}` })
  })
  .meta({
    ...idForm('[a-z][a-z0-9_-]{0,29}:'),
    description: 'A resource, `<type>:<id>`; in a grant also `all:<domain>`.',
  })

/**
 * Builds the reference of an entity in an AuthZEN request. AuthZEN allows any string as a type, so `:` and `%` in a type are percent-encoded: two
 * entities never share a reference. Types in policy packs contain neither.
 */
export function entityRef(type: string, id: string): ResourceRef {
  return `${type.replace(/[%:]/gu, (character) => encodeURIComponent(character))}:${id}`
}

/** Splits `type:id` at the first `:`. Does not decode a type that {@link entityRef} encoded. */
export function splitRef(ref: string): { readonly type: string; readonly id: string } {
  const split = ref.indexOf(':')
  return { type: ref.slice(0, split), id: ref.slice(split + 1) }
}

/**
 * Parties and resources as one string, `type:id`. Types hold no `:`, so the first one splits them; ids may hold more (rule A5).
 *
 * @module
 */
import { z } from 'zod'
import { idForm, idObjection } from './id.ts'

/** `user:<id>` or `agent:<id>`. Outside the PDP a user's id is their sub, behind its border their pseudonym. */
export type PartyRef = `user:${string}` | `agent:${string}`

/** A party on the wire. */
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

/** `type:id` of a resource, such as `workflow:01K…`. */
export type ResourceRef = `${string}:${string}`

/** A resource, or `all:<domain>`: everything of the owner's in that domain, created under the delegator's persona. */
export const scopeSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,29}:/u, 'must be <type>:<id>, such as workflow:01K…, or all:<domain>')
  .superRefine((value, context) => {
    const objection = idObjection(value.slice(value.indexOf(':') + 1))
    if (objection) context.addIssue({ code: 'custom', message: `the id ${objection}` })
  })
  .meta({
    ...idForm('[a-z][a-z0-9_-]{0,29}:'),
    description: 'A resource, `<type>:<id>`; where a grant is asked for also `all:<domain>`.',
  })

/**
 * The ref of an entity as a caller names it. AuthZEN takes any string for a type: `:` in one is escaped, so that no two entities share a ref.
 * The types of packs hold neither `:` nor `%` and stand as they are.
 */
export function entityRef(type: string, id: string): ResourceRef {
  return `${type.replace(/[%:]/gu, (character) => encodeURIComponent(character))}:${id}`
}

/** Splits `type:id`; the id is everything after the first `:`. */
export function splitRef(ref: string): { readonly type: string; readonly id: string } {
  const split = ref.indexOf(':')
  return { type: ref.slice(0, split), id: ref.slice(split + 1) }
}

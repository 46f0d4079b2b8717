/**
 * Parties and resources as people type them.
 *
 * @module
 */
import { type PartyRef, partySchema, scopeSchema } from '@mandate/protocol'
import { usageError } from '../exit.ts'

/** `agent:ID` or `user:SUB`. @throws CommandError (exit 64) */
export function requireParty(option: string, text: string): PartyRef {
  const parsed = partySchema.safeParse(text)
  if (parsed.success) return parsed.data
  throw usageError(`${option} must be agent:ID or user:SUB, and is ${text || 'empty'}.`)
}

/** `TYPE:ID`. @throws CommandError (exit 64) */
export function requireResource(what: string, text: string): { readonly type: string; readonly id: string } {
  if (!scopeSchema.safeParse(text).success) throw usageError(`${what} must be TYPE:ID, and is ${text || 'empty'}.`)
  const at = text.indexOf(':')
  return { type: text.slice(0, at), id: text.slice(at + 1) }
}

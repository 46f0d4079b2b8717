/**
 * A logged request and its outcome as one line of text. Pure.
 *
 * @module
 */
import type { PolicyOutcome } from '@mandate/pdp'
import type { Entry } from '@mandate/protocol'

/** `permit owner`, `deny no_grant`. */
export const outcomeText = ({ decision, reason }: PolicyOutcome): string => `${decision ? 'permit' : 'deny'} ${reason}`

/** What was asked, on one line, with its time and id. */
export function questionText({ at, id, actor, subject, persona, action, resource }: QuestionMembers): string {
  const who = `${actor ? `${actor} for ` : ''}${subject}${persona ? ` as ${persona}` : ''}`
  return `${at}  ${id}  ${who} ${action} ${resource}`
}

/** The members of an entry that say what was asked. */
export type QuestionMembers = Pick<Entry, 'id' | 'at' | 'subject' | 'actor' | 'persona' | 'action' | 'resource'>

/**
 * Recognizes the person's own reads, which are logged like everything and would hide what others did. Pure.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'

const LOOKING: ReadonlySet<string> = new Set(['search', 'log_read', 'grant_previewed'])

/** Whether an entry is a permitted read by the person themself. Denials and acts of delegates are not. */
export function isOwnLook({ kind, subject, actor, action, decision }: LoggedEntry, me: string | undefined): boolean {
  if (me === undefined || subject !== me || actor !== undefined) return false
  return LOOKING.has(kind) || (kind === 'evaluation' && action === 'read' && decision === true)
}

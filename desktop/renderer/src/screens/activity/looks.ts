/**
 * What somebody did in person without doing anything: they looked. It is recorded like everything, and there is so much of it that it would hide what others
 * did. Pure.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'

const LOOKING: ReadonlySet<string> = new Set(['search', 'log_read', 'grant_previewed'])

/** Whether the person themself looked at something, and was let. What was denied, or done by somebody for them, is no mere look. */
export function isOwnLook({ kind, subject, actor, action, decision }: LoggedEntry, me: string | undefined): boolean {
  if (me === undefined || subject !== me || actor !== undefined) return false
  return LOOKING.has(kind) || (kind === 'evaluation' && action === 'read' && decision === true)
}

/**
 * What the administrative routes share: what they need, and how an instant is written.
 *
 * @module
 */
import type { EntryIndex } from '../../log/port.ts'
import type { InvitationDeps } from '../../pap/invitations.ts'
import type { PolicyControl } from '../../pap/policies.ts'
import type { Answers } from '../../remembered.ts'
import type { Border } from '../border.ts'
import type { PageTokens } from '../page-tokens.ts'

export interface PapRouteDeps extends InvitationDeps {
  readonly border: Border
  readonly policyControl: PolicyControl
  readonly answers: Answers
  readonly index: EntryIndex
  readonly tokens: PageTokens
}

export const instant = (millis: number): string => new Date(millis).toISOString()
export const millis = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text)

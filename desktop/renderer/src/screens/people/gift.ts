/**
 * What an invitation gives, as a sentence, before it is known to whom. Pure.
 *
 * @module
 */
import type { InvitedGrant } from '@mandate/protocol'
import type { Input } from '../../../../src/shared/channel.ts'
import { sentenceOf } from '../../store/grants.ts'
import type { People, Things } from '../../store/people.ts'
import { strings } from '../../strings.ts'

/** Nobody's id: it never leaves the window. */
export const SOMEBODY = 'user:somebody'

/** As it is sent, or as it came back. */
type Given = NonNullable<Input<'invitations.create'>['grant']> | InvitedGrant

/** @param called - What whoever it will be is called; empty: not known yet. */
export function giftSentence(grant: Given, called: string, people: People, things: Things): string {
  const { actions = ['read'], scope, redelegations = 0, expires_at: until = '' } = grant
  const who = called === '' ? strings.invite.somebody : called
  const terms = {
    delegate: SOMEBODY,
    delegator: people.me,
    owner: people.me,
    actions,
    scope,
    redelegations,
    expires_at: until,
  }
  const named = { ...people, called: (party: string) => (party === SOMEBODY ? who : people.called(party)) }
  return sentenceOf(terms, named, things)
}

/**
 * The grant of an invitation as a sentence, before the delegate is known. Pure.
 *
 * @module
 */
import type { InvitedGrant } from '@mandate/protocol'
import type { Input } from '../../../../src/shared/channel.ts'
import { sentenceOf } from '../../store/grants.ts'
import type { People, Things } from '../../store/people.ts'
import { strings } from '../../strings.ts'

/** Placeholder for the unknown delegate; never sent. */
export const SOMEBODY = 'user:somebody'

/** As sent, or as received. */
type Given = NonNullable<Input<'invitations.create'>['grant']> | InvitedGrant

/** @param called - Name of the future delegate; empty: unknown. */
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

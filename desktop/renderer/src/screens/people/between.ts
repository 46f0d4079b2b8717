/**
 * Grants between the person and a contact, people without a name, and invitations by state. Pure.
 *
 * @module
 */
import type { Grant, Invitation } from '@mandate/protocol'
import type { People } from '../../store/people.ts'

export interface Between {
  /** Grants by which the contact acts for the person. */
  readonly theirs: readonly Grant[]
  /** Grants by which the person acts for the contact. */
  readonly mine: readonly Grant[]
}

/** Grants between two people; live ones only. */
export function between(me: string, party: string, grants: readonly Grant[]): Between {
  const live = grants.filter(({ status }) => status === 'live')
  return {
    theirs: live.filter(
      ({ delegate, delegator, owner }) => delegate === party && (delegator === me || owner === me) && party !== me,
    ),
    mine: live.filter(({ delegate, delegator, owner }) => delegate === me && (delegator === party || owner === party)),
  }
}

/** People in live grants or confirmed invitations without a name, each once. */
export function unnamed(
  { me, nameOf }: Pick<People, 'me' | 'nameOf'>,
  grants: readonly Grant[],
  invitations: readonly Invitation[],
): readonly string[] {
  const parties = [
    ...grants
      .filter(({ status }) => status === 'live')
      .flatMap(({ delegator, delegate, owner }) => [delegator, delegate, owner]),
    ...invitations
      .filter(({ status }) => status === 'confirmed')
      .flatMap(({ inviter, redeemer }) => [inviter, redeemer ?? me]),
  ]
  return [...new Set(parties)].filter(
    (party) => party.startsWith('user:') && party !== me && nameOf(party) === undefined,
  )
}

export interface Sorted {
  /** Redeemed; the person must confirm the redeemer. */
  readonly toConfirm: readonly Invitation[]
  readonly open: readonly Invitation[]
  /** Redeemed by the person, waiting for confirmation. */
  readonly entered: readonly Invitation[]
  readonly past: readonly Invitation[]
}

export function sorted(me: string, invitations: readonly Invitation[]): Sorted {
  const isMine = ({ inviter }: Invitation): boolean => inviter === me
  return {
    toConfirm: invitations.filter((one) => isMine(one) && one.status === 'redeemed'),
    open: invitations.filter((one) => isMine(one) && one.status === 'open'),
    entered: invitations.filter((one) => !isMine(one) && one.status === 'redeemed'),
    past: invitations.filter(({ status }) => status !== 'open' && status !== 'redeemed'),
  }
}

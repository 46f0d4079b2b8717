/**
 * What runs between the person and others, and who of those others has no name here yet. Pure.
 *
 * @module
 */
import type { Grant, Invitation } from '@mandate/protocol'
import type { People } from '../../store/people.ts'

export interface Between {
  /** What they can do for the person, by whomever it was given. */
  readonly theirs: readonly Grant[]
  /** What the person can do for them. */
  readonly mine: readonly Grant[]
}

/** Live grants only. */
export function between(me: string, party: string, grants: readonly Grant[]): Between {
  const live = grants.filter(({ status }) => status === 'live')
  return {
    theirs: live.filter(
      ({ delegate, delegator, owner }) => delegate === party && (delegator === me || owner === me) && party !== me,
    ),
    mine: live.filter(({ delegate, delegator, owner }) => delegate === me && (delegator === party || owner === party)),
  }
}

/** People in live grants or confirmed invitations whom the person has not named, each once. */
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
  /** Somebody used them; the person is to say whether it is who they meant. */
  readonly toConfirm: readonly Invitation[]
  readonly open: readonly Invitation[]
  /** The person used them, and waits. */
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

/**
 * Components for people, times, amounts and reasons, used by every screen.
 *
 * @module
 */
import type { Reason } from '@mandate/protocol'
import { amounts, domainOfReason, exactly, minuteOf, money, Party, partyOf, useDomains } from '@mandate/ui'
import type { JSX } from 'preact'
import { usePeople } from '../store/people.ts'
import { addressOf } from '../store/route.ts'
import { strings } from '../strings.ts'
import { wordedForOwner } from './reason.ts'

/** A party by the person's own name for it; a person without a name has a link to name them. */
export function PartyName({ party }: { readonly party: string }): JSX.Element {
  const { nameOf } = usePeople()
  const name = nameOf(party)
  if (name !== undefined || partyOf(party).kind !== 'user') return <Party party={party} name={name} />
  return (
    <span class="unnamed">
      <Party party={party} />{' '}
      <a class="name-them" href={addressOf('people')}>
        {strings.people.nameThem}
      </a>
    </span>
  )
}

export function Time({ at }: { readonly at: string }): JSX.Element {
  return (
    <time dateTime={at} title={exactly(at)}>
      {minuteOf(at)}
    </time>
  )
}

export function Money(props: { amount: number; currency: string }): JSX.Element {
  return <span class="money">{money(props.amount, props.currency)}</span>
}

/** Codes that a grant would change. */
const BY_GRANT = /^(no_grant|grant_|chain_broken|not_on_behalf)/u

/** A reason's text, its numbers, and what would change the answer. @param mine - Whether the resource is the person's own. */
export function ReasonLine({ reason, mine }: { readonly reason: Reason; readonly mine: boolean }): JSX.Element {
  const domains = useDomains()
  const { limit, actual, gate, code } = reason
  const { reason_user: said, cure } = mine ? wordedForOwner(reason, domains, domainOfReason(reason, domains)) : reason
  const shown = amounts(reason, domains)
  // A gate's own code: the owner's settings decide it, not a grant's limit.
  const bySettings = domainOfReason({ code, gate }, domains) !== undefined
  return (
    <div class="reason">
      <p class="reason-said">
        {said}
        {limit !== undefined && actual !== undefined && <> {strings.reason.limit(shown.actual, shown.limit)}</>}
      </p>
      {cure !== undefined && (
        <p class="reason-cure">
          <span class="reason-label">{strings.reason.cure}</span> {cure}{' '}
          {mine && bySettings && <a href={addressOf('settings')}>{strings.reason.toSettings}</a>}
          {BY_GRANT.test(code) && <a href={addressOf('sharing')}>{strings.reason.toSharing}</a>}
        </p>
      )}
    </div>
  )
}

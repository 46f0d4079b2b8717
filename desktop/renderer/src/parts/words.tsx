/**
 * People, times, amounts and reasons, as every screen says them.
 *
 * @module
 */
import type { Reason } from '@mandate/protocol'
import { amount, exactly, minuteOf, money, Party, partyOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { usePeople } from '../store/people.ts'
import { addressOf } from '../store/place.ts'
import { strings } from '../strings.ts'

/** Somebody, by the name that the person gave them; who has none yet can be given one. */
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

/** Reasons that the owner's own settings would change, and those that a grant would. */
const BY_SETTINGS: ReadonlySet<string> = new Set(['price', 'lead_time', 'risk', 'consent', 'effort'])
const BY_GRANT = /^(no_grant|grant_|chain_broken|not_on_behalf)/u

/** Why, in plain words, and what would change it. @param mine - Whether it is about a thing of the person's own. */
export function ReasonLine({ reason, mine }: { readonly reason: Reason; readonly mine: boolean }): JSX.Element {
  const { reason_user: said, cure, limit, actual, gate, code } = reason
  const bySettings = gate !== undefined && BY_SETTINGS.has(gate)
  return (
    <div class="reason">
      <p class="reason-said">
        {said}
        {limit !== undefined && actual !== undefined && (
          <> {strings.reason.limit(amount(actual, reason), amount(limit, reason))}</>
        )}
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

/**
 * Lists of invitations by state.
 *
 * @module
 */
import type { Invitation } from '@mandate/protocol'
import { minuteOf } from '@mandate/ui'
import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import { PastSwitch } from '../../parts/past.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAction, useOnline } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import type { Sorted } from './between.ts'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { PartyNumber } from './number.tsx'

const TEXTS = strings.contacts

export function Invitations({ toConfirm, open, entered, past }: Sorted): JSX.Element {
  const [isWithPast, setWithPast] = useState(false)
  return (
    <>
      <Part title={TEXTS.waiting} lead={TEXTS.waitingLead} count={toConfirm.length} look="urgent">
        {toConfirm.map((invitation) => (
          <ToConfirm key={invitation.id} invitation={invitation} />
        ))}
      </Part>
      <Part title={TEXTS.entered} lead={TEXTS.enteredLead} count={entered.length}>
        {entered.map((invitation) => (
          <Entered key={invitation.id} invitation={invitation} />
        ))}
      </Part>
      <Part title={TEXTS.sent} lead={TEXTS.sentLead} count={open.length}>
        {open.map((invitation) => (
          <Open key={invitation.id} invitation={invitation} />
        ))}
      </Part>
      {past.length > 0 && (
        <PastSwitch isOn={isWithPast} onSwitch={setWithPast} texts={{ show: TEXTS.past, hide: TEXTS.hidePast }} />
      )}
      {isWithPast && (
        <ul class="invitations">
          {past.map((invitation) => (
            <Past key={invitation.id} invitation={invitation} />
          ))}
        </ul>
      )}
    </>
  )
}

interface PartProps {
  readonly title: string
  readonly lead: string
  readonly count: number
  readonly look?: 'urgent'
  readonly children: ComponentChildren
}

function Part({ title, lead, count, look, children }: PartProps): JSX.Element | null {
  if (count === 0) return null
  return (
    <section class={look === undefined ? 'part' : `part part-${look}`}>
      <h2 class="section-title">{title}</h2>
      <p class="section-lead">{lead}</p>
      <ul class="invitations">{children}</ul>
    </section>
  )
}

function useGift(): (invitation: Invitation) => string {
  const things = useThings()
  return ({ grant }) => (grant ? `${TEXTS.gives(things.acts(grant.actions, grant.scope))}.` : TEXTS.knowOnly)
}

function ToConfirm({ invitation }: { readonly invitation: Invitation }): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  const isOnline = useOnline()
  const gift = useGift()
  const { redeemer, expires_at: until } = invitation
  return (
    <li class="invitation">
      <div class="invitation-words">
        <p>{gift(invitation)}</p>
        {redeemer !== undefined && <PartyNumber party={redeemer} label={TEXTS.number} look="small" />}
        <p class="aside">{strings.capital(TEXTS.confirmUntil(minuteOf(until)))}</p>
      </div>
      <button type="button" class="button primary" disabled={!isOnline} onClick={() => setOpen(true)}>
        {strings.confirmation.review}
      </button>
      {isOpen && <ConfirmDialog invitation={invitation} onClose={() => setOpen(false)} />}
    </li>
  )
}

function Open({ invitation }: { readonly invitation: Invitation }): JSX.Element {
  const gift = useGift()
  const { created_at: at, expires_at: until } = invitation
  return (
    <li class="invitation">
      <div class="invitation-words">
        <p>{gift(invitation)}</p>
        <p class="aside">
          {TEXTS.status.open}, {TEXTS.sentOn(minuteOf(at))}, {TEXTS.goodUntil(minuteOf(until))}
        </p>
      </div>
      <Withdraw invitation={invitation} label={TEXTS.withdraw} />
    </li>
  )
}

function Entered({ invitation }: { readonly invitation: Invitation }): JSX.Element {
  const { me, called } = usePeople()
  const { inviter, expires_at: until } = invitation
  return (
    <li class="invitation">
      <div class="invitation-words">
        <p>{strings.redeem.doneTitle(strings.capital(called(inviter)))}</p>
        <PartyNumber party={me} label={TEXTS.yourNumber} look="small" />
        <p class="aside">{strings.capital(TEXTS.confirmUntil(minuteOf(until)))}</p>
      </div>
      <Withdraw invitation={invitation} label={TEXTS.leave} />
    </li>
  )
}

function Past({ invitation }: { readonly invitation: Invitation }): JSX.Element {
  const { me, called } = usePeople()
  const { status, inviter, redeemer, created_at: at } = invitation
  const other = inviter === me ? redeemer : inviter
  return (
    <li class="invitation">
      <div class="invitation-words">
        <p>
          {TEXTS.status[status]}
          {other !== undefined && `: ${called(other)}`}
        </p>
        <p class="aside">{strings.capital(TEXTS.sentOn(minuteOf(at)))}</p>
      </div>
    </li>
  )
}

function Withdraw({ invitation, label }: { readonly invitation: Invitation; readonly label: string }): JSX.Element {
  const isOnline = useOnline()
  const withdraw = useAction('invitations.withdraw', ['invitations'])
  const submit = async (): Promise<void> => {
    const answer = await withdraw.run({ id: invitation.id })
    if (answer.ok) announce(TEXTS.withdrawn)
  }
  return (
    <div>
      <button type="button" class="button" disabled={!isOnline || withdraw.isBusy} onClick={() => void submit()}>
        {label}
        <span class="sr"> {TEXTS.sentOn(minuteOf(invitation.created_at))}</span>
      </button>
      <Problem problem={withdraw.problem} />
    </div>
  )
}

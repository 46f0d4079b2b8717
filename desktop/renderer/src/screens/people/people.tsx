/**
 * Screen People: contacts with their grants, and invitations.
 *
 * @module
 */
import type { Grant, Invitation } from '@mandate/protocol'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Heading } from '../../layout.tsx'
import { Empty, States } from '../../parts/states.tsx'
import { useAround, useCall, useOnline } from '../../store/hooks.tsx'
import { usePeople } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { sorted, unnamed } from './between.ts'
import { ContactLine, UnnamedLine } from './contact-line.tsx'
import { Invitations } from './invitations.tsx'
import { InviteDialog } from './invite-dialog.tsx'
import { RedeemDialog } from './redeem-dialog.tsx'

const TEXTS = strings.contacts

export function PeopleScreen(): JSX.Element {
  const { invitation, forgetInvitation } = useAround()
  const isOnline = useOnline()
  const [isInviting, setInviting] = useState(false)
  const [redeeming, setRedeeming] = useState<{ readonly code: string }>()
  const invitations = useCall('invitations.list')
  // Opens the redeem dialog once for an opened link.
  useEffect(() => {
    if (invitation === undefined) return
    setRedeeming({ code: invitation })
    forgetInvitation()
  }, [invitation, forgetInvitation])
  const ways = (
    <>
      <button type="button" class="button" disabled={!isOnline} onClick={() => setRedeeming({ code: '' })}>
        {TEXTS.redeem}
      </button>
      <button type="button" class="button primary" disabled={!isOnline} onClick={() => setInviting(true)}>
        {TEXTS.invite}
      </button>
    </>
  )
  return (
    <>
      <Heading title={TEXTS.title} lead={TEXTS.lead}>
        {ways}
      </Heading>
      <States loaded={invitations}>{({ items }) => <Everybody invitations={items} ways={ways} />}</States>
      {isInviting && <InviteDialog onClose={() => setInviting(false)} />}
      {redeeming && <RedeemDialog key={redeeming.code} code={redeeming.code} onClose={() => setRedeeming(undefined)} />}
    </>
  )
}

function Everybody(props: { invitations: readonly Invitation[]; ways: JSX.Element }): JSX.Element {
  const { invitations, ways } = props
  const { me } = usePeople()
  const grants = useCall('grants.list')
  const { toConfirm, open, entered, past } = sorted(me, invitations)
  const live: readonly Grant[] = grants.state === 'there' ? grants.value.items : []
  return (
    <>
      <Invitations toConfirm={toConfirm} open={[]} entered={entered} past={[]} />
      <States loaded={grants}>{() => <Known grants={live} invitations={invitations} ways={ways} />}</States>
      <Invitations toConfirm={[]} open={open} entered={[]} past={past} />
    </>
  )
}

function Known(props: {
  grants: readonly Grant[]
  invitations: readonly Invitation[]
  ways: JSX.Element
}): JSX.Element {
  const { grants, invitations, ways } = props
  const people = usePeople()
  const contacts = useCall('contacts.list')
  const nameless = contacts.state === 'there' ? unnamed(people, grants, invitations) : []
  return (
    <States loaded={contacts}>
      {() =>
        people.contacts.length + nameless.length === 0 ? (
          <Empty title={TEXTS.emptyTitle} words={TEXTS.empty}>
            <div class="buttons">{ways}</div>
          </Empty>
        ) : (
          <>
            {nameless.length > 0 && (
              <section class="part">
                <h2 class="section-title">{TEXTS.unnamed}</h2>
                <p class="section-lead">{TEXTS.unnamedLead}</p>
                <ul class="contacts">
                  {nameless.map((party) => (
                    <UnnamedLine key={party} party={party} grants={grants} />
                  ))}
                </ul>
              </section>
            )}
            {people.contacts.length > 0 && (
              <section class="part">
                <h2 class="section-title">{TEXTS.known}</h2>
                <ul class="contacts">
                  {people.contacts.map((contact) => (
                    <ContactLine key={contact.party} contact={contact} grants={grants} />
                  ))}
                </ul>
              </section>
            )}
          </>
        )
      }
    </States>
  )
}

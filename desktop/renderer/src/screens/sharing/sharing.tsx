/**
 * Screen Sharing: grants given and received.
 *
 * @module
 */
import type { Grant } from '@mandate/protocol'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Heading } from '../../layout.tsx'
import { PastSwitch } from '../../parts/past.tsx'
import { Empty, States } from '../../parts/states.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { byThing, endsSoon } from '../../store/grants.ts'
import { useCall, useOnline } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { GrantDialog } from './grant-dialog.tsx'
import { GrantLines } from './lines.tsx'
import { RevokeSeveral } from './revoke-several.tsx'

const TEXTS = strings.sharing

export function Sharing(): JSX.Element {
  const [isGiving, setGiving] = useState(false)
  const [isWithEnded, setWithEnded] = useState(false)
  const isOnline = useOnline()
  const grants = useCall('grants.list', isWithEnded ? { include: 'ended' } : undefined)
  const give = (
    <button type="button" class="button primary" disabled={!isOnline} onClick={() => setGiving(true)}>
      {TEXTS.new}
    </button>
  )
  return (
    <>
      <Heading title={TEXTS.title} lead={TEXTS.lead}>
        {give}
      </Heading>
      <States loaded={grants}>{({ items }) => <Both grants={items} give={give} />}</States>
      <PastSwitch isOn={isWithEnded} onSwitch={setWithEnded} texts={{ show: TEXTS.ended, hide: TEXTS.hideEnded }} />
      {isGiving && <GrantDialog onClose={() => setGiving(false)} />}
    </>
  )
}

function Both(props: { grants: readonly Grant[]; give: JSX.Element }): JSX.Element {
  const { grants, give } = props
  const { me } = usePeople()
  const given = grants.filter(({ delegate, owner, delegator }) => delegate !== me && (owner === me || delegator === me))
  const received = grants.filter(({ delegate }) => delegate === me)
  const live = (some: readonly Grant[]): number => some.filter(({ status }) => status === 'live').length
  const soon = grants.filter((grant) => endsSoon(grant, Date.now())).length
  return (
    <>
      {soon > 0 && <p class="notice expiring">{TEXTS.expiring(soon)}</p>}
      <Tabs
        label={TEXTS.title}
        first={given.length === 0 && received.length > 0 ? 'received' : 'given'}
        tabs={[
          {
            value: 'given',
            label: TEXTS.given,
            count: live(given),
            content: () =>
              given.length > 0 ? (
                <>
                  <Several grants={given} />
                  <Groups grants={given} />
                </>
              ) : (
                <Empty title={TEXTS.givenEmptyTitle} words={TEXTS.givenEmpty}>
                  {give}
                </Empty>
              ),
          },
          {
            value: 'received',
            label: TEXTS.received,
            count: live(received),
            content: () =>
              received.length > 0 ? (
                <Groups grants={received} />
              ) : (
                <Empty title={TEXTS.receivedEmptyTitle} words={TEXTS.receivedEmpty} />
              ),
          },
        ]}
      />
    </>
  )
}

/** Offered where there are at least two grants to revoke. */
function Several({ grants }: { readonly grants: readonly Grant[] }): JSX.Element | null {
  const isOnline = useOnline()
  const [isOpen, setOpen] = useState(false)
  const live = grants.filter(({ status }) => status === 'live')
  if (live.length < 2 && !isOpen) return null
  return (
    <div class="buttons">
      <button type="button" class="button" disabled={!isOnline} onClick={() => setOpen(true)}>
        {TEXTS.several}
      </button>
      {isOpen && <RevokeSeveral grants={live} onClose={() => setOpen(false)} />}
    </div>
  )
}

function Groups({ grants }: { readonly grants: readonly Grant[] }): JSX.Element {
  const things = useThings()
  return (
    <>
      {[...byThing(grants)].map(([scope, some]) => (
        <section class="group" key={scope}>
          <h2 class="section-title">{strings.capital(things.nameOf(scope))}</h2>
          <GrantLines grants={some} />
        </section>
      ))}
    </>
  )
}

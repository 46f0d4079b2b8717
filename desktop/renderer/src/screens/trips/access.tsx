/**
 * Who may act on a trip, with buttons to grant and revoke.
 *
 * @module
 */
import { Party } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Trip } from '../../../../src/shared/views.ts'
import { States } from '../../parts/states.tsx'
import { reaches } from '../../store/chain.ts'
import { useCall, useOnline } from '../../store/hooks.tsx'
import { usePeople } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { GrantDialog } from '../sharing/grant-dialog.tsx'
import { GrantLines } from '../sharing/lines.tsx'

const TEXTS = strings.access

export function Access({ trip }: { readonly trip: Trip }): JSX.Element {
  const people = usePeople()
  const grants = useCall('grants.list')
  const isMine = trip.owner === people.me
  return (
    <section class="part">
      <h2 class="section-title">{isMine ? TEXTS.share : TEXTS.yours}</h2>
      <States loaded={grants} ghosts={1}>
        {({ items }) => {
          const here = items.filter((grant) => grant.status === 'live' && reaches(grant, trip))
          return (
            <>
              {isMine && <p class="section-lead">{here.length === 0 ? TEXTS.onlyYou : TEXTS.stop}</p>}
              {here.length > 0 && <GrantLines grants={here} />}
              {isMine && <Let trip={trip} holders={new Set(here.map(({ delegate }) => delegate))} />}
            </>
          )
        }}
      </States>
    </section>
  )
}

/** One button per party; opens the grant dialog with sensible defaults. */
function Let({ trip, holders }: { readonly trip: Trip; readonly holders: ReadonlySet<string> }): JSX.Element {
  const { contacts, agents } = usePeople()
  const isOnline = useOnline()
  const [to, setTo] = useState<string>()
  const [isAny, setAny] = useState(false)
  const others = [
    ...contacts.map(({ party, name }) => ({ party, name })),
    ...agents.map(({ id, title }) => ({ party: `agent:${id}`, name: title })),
  ].filter(({ party }) => !holders.has(party))
  const close = (): void => {
    setTo(undefined)
    setAny(false)
  }
  return (
    <div class="buttons let">
      {others.slice(0, MOST).map(({ party, name }) => (
        <button type="button" class="button" key={party} disabled={!isOnline} onClick={() => setTo(party)}>
          {TEXTS.let} <Party party={party} name={name} /> {TEXTS.act}
        </button>
      ))}
      <button type="button" class="button quiet" disabled={!isOnline} onClick={() => setAny(true)}>
        {TEXTS.somebody}
      </button>
      {(to !== undefined || isAny) && (
        <GrantDialog
          who={to}
          scope={`workflow:${trip.id}`}
          currency={trip.items[0]?.planned_price.currency}
          onClose={close}
        />
      )}
    </div>
  )
}

const MOST = 3

/**
 * One contact with the grants in both directions.
 *
 * @module
 */
import type { Grant } from '@mandate/protocol'
import { minuteOf, Party } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ListedContact } from '../../../../src/shared/views.ts'
import { Menu } from '../../parts/menu.tsx'
import { useOnline } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { addressOf } from '../../store/route.ts'
import { strings } from '../../strings.ts'
import { GrantDialog } from '../sharing/grant-dialog.tsx'
import { between } from './between.ts'
import { EditDialog } from './edit-dialog.tsx'
import { PartyNumber } from './number.tsx'
import { RemoveDialog } from './remove-dialog.tsx'

const TEXTS = strings.contacts

export function ContactLine(props: { contact: ListedContact; grants: readonly Grant[] }): JSX.Element {
  const { contact, grants } = props
  const { party, name, note, bySettings = false } = contact
  const isOnline = useOnline()
  const [open, setOpen] = useState<'let' | 'edit' | 'remove'>()
  const close = (): void => setOpen(undefined)
  return (
    <li class="contact">
      <div class="contact-top">
        <h3 class="contact-name">{name}</h3>
        <PartyNumber party={party} label={TEXTS.number} look="small" />
        <div class="buttons">
          <button type="button" class="button" disabled={!isOnline} onClick={() => setOpen('let')}>
            {TEXTS.let}
            <span class="sr">: {name}</span>
          </button>
          <Menu
            label={TEXTS.more}
            spoken={TEXTS.actions(name)}
            look="button quiet"
            items={[
              { id: 'edit', label: TEXTS.edit, onChoose: () => setOpen('edit') },
              ...(bySettings ? [] : [{ id: 'remove', label: TEXTS.remove, onChoose: () => setOpen('remove') }]),
            ]}
          />
        </div>
      </div>
      {bySettings && <p class="aside">{TEXTS.bySettings}</p>}
      {note !== '' && <p class="contact-note">{note}</p>}
      <BothWays party={party} grants={grants} />
      {open === 'let' && <GrantDialog who={party} onClose={close} />}
      {open === 'edit' && <EditDialog party={party} contact={contact} onClose={close} />}
      {open === 'remove' && <RemoveDialog contact={contact} grants={grants} onClose={close} />}
    </li>
  )
}

export function UnnamedLine({
  party,
  grants,
}: {
  readonly party: string
  readonly grants: readonly Grant[]
}): JSX.Element {
  const [isNaming, setNaming] = useState(false)
  return (
    <li class="contact">
      <div class="contact-top">
        <h3 class="contact-name">
          <Party party={party} />
        </h3>
        <PartyNumber party={party} label={TEXTS.number} look="small" />
        <div class="buttons">
          <button type="button" class="button" onClick={() => setNaming(true)}>
            {TEXTS.nameThem}
          </button>
        </div>
      </div>
      <BothWays party={party} grants={grants} />
      {isNaming && <EditDialog party={party} onClose={() => setNaming(false)} />}
    </li>
  )
}

function BothWays({ party, grants }: { readonly party: string; readonly grants: readonly Grant[] }): JSX.Element {
  const { me } = usePeople()
  const { theirs, mine } = between(me, party, grants)
  return (
    <div class="both-ways">
      <OneWay title={TEXTS.mayForYou} nothing={TEXTS.nothingForYou} grants={theirs} isStopped />
      <OneWay title={TEXTS.youMay} nothing={TEXTS.nothingForThem} grants={mine} />
    </div>
  )
}

interface OneWayProps {
  readonly title: string
  readonly nothing: string
  readonly grants: readonly Grant[]
  readonly isStopped?: boolean
}

function OneWay({ title, nothing, grants, isStopped = false }: OneWayProps): JSX.Element {
  const things = useThings()
  const isAny = grants.length > 0
  return (
    <div class={isAny ? 'one-way' : 'one-way one-way-nothing'}>
      <p class="one-way-title">{isAny ? title : nothing}</p>
      {isAny && (
        <ul>
          {grants.map(({ id, actions, scope, expires_at: until }) => (
            <li key={id}>
              {strings.capital(things.acts(actions, scope))},{' '}
              <span class="nowrap">{strings.until(minuteOf(until))}</span>
            </li>
          ))}
        </ul>
      )}
      {isAny && isStopped && <a href={addressOf('sharing')}>{TEXTS.stop}</a>}
    </div>
  )
}

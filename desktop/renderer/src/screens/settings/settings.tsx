/**
 * Screen Settings: personas, and limits for agents.
 *
 * @module
 */
import type { Persona } from '@mandate/protocol'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Heading } from '../../layout.tsx'
import { PastSwitch } from '../../parts/past.tsx'
import { Empty, States } from '../../parts/states.tsx'
import { useCall, useOnline } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'
import { PersonaCard } from './persona-card.tsx'
import { TakeDialog } from './take-dialog.tsx'

const TEXTS = strings.settings

export function Settings(): JSX.Element {
  const isOnline = useOnline()
  const [isTaking, setTaking] = useState(false)
  const personas = useCall('personas.list')
  const take = (
    <button type="button" class="button primary" disabled={!isOnline} onClick={() => setTaking(true)}>
      {TEXTS.take}
    </button>
  )
  return (
    <>
      <Heading title={TEXTS.title} lead={TEXTS.lead}>
        {take}
      </Heading>
      <States loaded={personas}>{({ items }) => <Personas personas={items} take={take} />}</States>
      {isTaking && <TakeDialog onClose={() => setTaking(false)} />}
    </>
  )
}

function Personas(props: { personas: readonly Persona[]; take: JSX.Element }): JSX.Element {
  const { personas, take } = props
  const [isWithPast, setWithPast] = useState(false)
  const held = personas.filter(({ status }) => status !== 'revoked')
  const past = personas.filter(({ status }) => status === 'revoked')
  return (
    <>
      {held.length === 0 && (
        <Empty title={TEXTS.emptyTitle} words={TEXTS.empty}>
          {take}
        </Empty>
      )}
      <ul class="personas">
        {[...held, ...(isWithPast ? past : [])].map((persona) => (
          <PersonaCard key={persona.id} persona={persona} />
        ))}
      </ul>
      {past.length > 0 && (
        <PastSwitch isOn={isWithPast} onSwitch={setWithPast} texts={{ show: TEXTS.past, hide: TEXTS.hidePast }} />
      )}
    </>
  )
}

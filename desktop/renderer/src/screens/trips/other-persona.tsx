/**
 * Notice on the screens of trips for a person who acts in a persona of another domain, in which the trips service permits nothing.
 *
 * @module
 */
import { domainOfScope, useDomains } from '@mandate/ui'
import type { JSX } from 'preact'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAction, useAround, useCall, useOnline } from '../../store/hooks.tsx'
import { addressOf } from '../../store/route.ts'
import { strings } from '../../strings.ts'
import { isUsable, personaName, personaWords } from '../settings/persona.ts'

const TEXTS = strings.trips
/** Any trip: says which domain trips belong to. */
const TRIP = 'workflow:'

/** Whether the person acts in a persona of a domain without trips. `false` until the domains are loaded, and for a title that no domain declares. */
export function useIsOtherDomain(): boolean {
  const { session } = useAround()
  const domains = useDomains()
  const title = session.persona?.split('/')[0]
  const ofTitle = domains.find(({ titles }) => title !== undefined && Object.hasOwn(titles, title))
  const ofTrips = domainOfScope(TRIP, domains)
  return ofTitle !== undefined && ofTrips !== undefined && ofTitle !== ofTrips
}

/** Says which persona is needed, with a button for each that the person has. */
export function OtherPersona(): JSX.Element | null {
  const { session } = useAround()
  const domains = useDomains()
  const isOnline = useOnline()
  const personas = useCall('personas.list')
  const choose = useAction('personas.choose', ['personas', 'trips', 'grants'])
  const domain = domainOfScope(TRIP, domains)
  const [title = '', circle = ''] = (session.persona ?? '').split('/')
  const held = personas.state === 'there' ? personas.value.items : []
  const fitting = held.filter(
    (persona) => domain && Object.hasOwn(domain.titles, persona.title) && isUsable(persona, Date.now()),
  )
  const act = async (persona: string, words: string): Promise<void> => {
    const answer = await choose.run({ persona })
    if (answer.ok) announce(strings.settings.nowActing(words))
  }
  return (
    <section class="notice other-persona">
      <p>
        <strong>{TEXTS.otherPersona(personaWords({ title, circle }, domains), domain?.label ?? '')}</strong>{' '}
        {TEXTS.otherPersonaMeans}
        {personas.state === 'there' && fitting.length === 0 && (
          <>
            {' '}
            <a href={addressOf('settings')}>{TEXTS.noPersona}</a>
          </>
        )}
      </p>
      <div class="buttons">
        {fitting.map((persona) => {
          const words = personaWords(persona, domains)
          const isOff = !isOnline || choose.isBusy
          return (
            <button
              key={persona.id}
              type="button"
              class="button"
              disabled={isOff}
              onClick={() => void act(personaName(persona), words)}
            >
              {TEXTS.actAs(words)}
            </button>
          )
        })}
      </div>
      <Problem problem={choose.problem} />
    </section>
  )
}

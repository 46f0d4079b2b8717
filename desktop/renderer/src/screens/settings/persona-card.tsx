/**
 * One persona: state, actions, and limits for agents.
 *
 * @module
 */
import type { Persona } from '@mandate/protocol'
import { Glyph, minuteOf, useDomains } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Menu, type MenuItem } from '../../parts/menu.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAction, useAround, useOnline } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'
import { AgentSettings } from './agent-settings.tsx'
import { EndDialog } from './end-dialog.tsx'
import { datesOf, isUsable, personaName, personaWords } from './persona.ts'

const TEXTS = strings.settings

export function PersonaCard({ persona }: { readonly persona: Persona }): JSX.Element {
  const { session } = useAround()
  const { status, created_at: at, pending } = persona
  const domains = useDomains()
  const isActing = session.persona === personaName(persona)
  const says = TEXTS.says[status]
  return (
    <li class={isActing ? 'persona persona-acting' : 'persona'}>
      <div class="persona-top">
        <h2 class="persona-name">{personaWords(persona, domains)}</h2>
        <span class={`persona-status persona-${status}`}>{TEXTS.status[status]}</span>
        {isActing && (
          <span class="persona-here">
            <Glyph name="holds" /> {TEXTS.acting}
          </span>
        )}
        <Ways persona={persona} isActing={isActing} />
      </div>
      <p class="persona-dates">
        {status === 'revoked' ? '' : `${datesOf(persona, Date.now())}, `}
        {TEXTS.taken(minuteOf(at))}
      </p>
      {says !== '' && <p class="persona-says">{says}</p>}
      {pending && <p class="persona-says">{TEXTS.pending}</p>}
      {hasAgentSettings(persona) && <AgentSettings persona={persona} />}
    </li>
  )
}

/** Settings are shown for personas that were usable once, or have settings. */
function hasAgentSettings({ status, autonomy }: Persona): boolean {
  if (status === 'revoked') return false
  return status === 'active' || status === 'inactive' || autonomy !== undefined
}

function Ways({ persona, isActing }: { readonly persona: Persona; readonly isActing: boolean }): JSX.Element | null {
  const isOnline = useOnline()
  const [ending, setEnding] = useState<'inactive' | 'revoked'>()
  const choose = useAction('personas.choose', ['personas', 'trips', 'grants'])
  const resume = useAction('personas.setStatus', ['personas', 'trips', 'grants'])
  const name = personaWords(persona, useDomains())
  const take = async (): Promise<void> => {
    const answer = await choose.run({ persona: personaName(persona) })
    if (answer.ok) announce(TEXTS.nowActing(name))
  }
  const takeUp = async (): Promise<void> => {
    const answer = await resume.run({ id: persona.id, status: 'active' })
    if (answer.ok) announce(TEXTS.resumed(name))
  }
  if (persona.status === 'revoked') return null
  const isOff = !isOnline || choose.isBusy || resume.isBusy
  return (
    <div class="persona-ways">
      <div class="buttons">
        {!isActing && isUsable(persona, Date.now()) && (
          <button type="button" class="button" disabled={isOff} onClick={() => void take()}>
            {TEXTS.act}
            <span class="sr">: {name}</span>
          </button>
        )}
        {persona.status === 'inactive' && (
          <button type="button" class="button" disabled={isOff} onClick={() => void takeUp()}>
            {TEXTS.resume}
            <span class="sr">: {name}</span>
          </button>
        )}
        <Menu
          label={TEXTS.more}
          spoken={TEXTS.actions(name)}
          look="button quiet"
          isOff={isOff}
          items={endings(persona, setEnding)}
        />
      </div>
      <Problem problem={choose.problem ?? resume.problem} />
      {ending && <EndDialog persona={persona} to={ending} onClose={() => setEnding(undefined)} />}
    </div>
  )
}

function endings({ status }: Persona, end: (to: 'inactive' | 'revoked') => void): readonly MenuItem[] {
  const rest = { id: 'rest', label: TEXTS.rest, onChoose: () => end('inactive') }
  const giveBack = { id: 'giveBack', label: TEXTS.giveBack, onChoose: () => end('revoked') }
  return status === 'active' ? [rest, giveBack] : [giveBack]
}

/**
 * What agents may do in one persona without asking: a sentence, and buttons to change it and to stop all agents.
 *
 * @module
 */
import type { Persona } from '@mandate/protocol'
import { domainOfScope, Glyph, useDomains } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAction, useOnline } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'
import { AutonomyDialog } from './autonomy-dialog.tsx'
import { autonomySentence } from './limits.ts'
import { personaWords } from './persona.ts'

const TEXTS = strings.autonomy

export function AgentSettings({ persona }: { readonly persona: Persona }): JSX.Element {
  const { autonomy } = persona
  const domains = useDomains()
  const domain = domainOfScope(`all:${persona.domain}`, domains)
  const isOnline = useOnline()
  const [open, setOpen] = useState<'change' | 'stop'>()
  const isOn = autonomy?.consent ?? false
  const close = (): void => setOpen(undefined)
  return (
    <div class={isOn ? 'autonomy autonomy-on' : 'autonomy'}>
      <h3 class="small-title">{TEXTS.title}</h3>
      <p class="autonomy-sentence">
        <Glyph name={isOn ? 'holds' : 'open'} /> <span>{autonomySentence(autonomy, domain)}</span>
      </p>
      <p class="aside">{isOn ? TEXTS.who : TEXTS.noneHow}</p>
      <div class="buttons">
        {domain && (
          <button type="button" class="button" disabled={!isOnline} onClick={() => setOpen('change')}>
            {autonomy ? TEXTS.change : TEXTS.set}
            <span class="sr">: {personaWords(persona, domains)}</span>
          </button>
        )}
        {autonomy && (
          <button type="button" class="button danger" disabled={!isOnline} onClick={() => setOpen('stop')}>
            {TEXTS.stop}
            <span class="sr">: {personaWords(persona, domains)}</span>
          </button>
        )}
      </div>
      {!domain && <p class="aside">{TEXTS.unknownDomain}</p>}
      {open === 'change' && domain && <AutonomyDialog persona={persona} domain={domain} onClose={close} />}
      {open === 'stop' && <StopDialog persona={persona} onClose={close} />}
    </div>
  )
}

function StopDialog({ persona, onClose }: { readonly persona: Persona; readonly onClose: () => void }): JSX.Element {
  const domains = useDomains()
  const stop = useAction('personas.setAutonomy', ['personas', 'activity'])
  const submit = async (): Promise<void> => {
    const answer = await stop.run({ id: persona.id, autonomy: null })
    if (!answer.ok) return
    announce(TEXTS.stopped)
    onClose()
  }
  return (
    <Dialog title={TEXTS.stopTitle} role="alertdialog" onClose={onClose}>
      <div class="dialog-body">
        <p>{TEXTS.stopWords(personaWords(persona, domains))}</p>
        <Problem problem={stop.problem} />
        <DialogEnd onClose={onClose}>
          <button type="button" class="button danger primary" disabled={stop.isBusy} onClick={() => void submit()}>
            {TEXTS.stopAction}
          </button>
        </DialogEnd>
      </div>
    </Dialog>
  )
}

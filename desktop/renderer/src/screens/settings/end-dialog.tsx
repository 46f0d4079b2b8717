/**
 * Dialog to deactivate or revoke a persona; lists the grants that stop working.
 *
 * @module
 */
import type { Persona } from '@mandate/protocol'
import { useDomains } from '@mandate/ui'
import type { JSX } from 'preact'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { sentenceOf } from '../../store/grants.ts'
import { useAction, useCall } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { dependsOn, personaWords } from './persona.ts'

const TEXTS = strings.settings

export function EndDialog(props: { persona: Persona; to: 'inactive' | 'revoked'; onClose: () => void }): JSX.Element {
  const { persona, to, onClose } = props
  const isRest = to === 'inactive'
  const name = personaWords(persona, useDomains())
  const end = useAction('personas.setStatus', ['personas', 'trips', 'grants', 'activity'])
  const submit = async (): Promise<void> => {
    const answer = await end.run({ id: persona.id, status: to })
    if (!answer.ok) return
    announce(isRest ? TEXTS.rested(name) : TEXTS.givenBack(name))
    onClose()
  }
  return (
    <Dialog title={isRest ? TEXTS.restTitle(name) : TEXTS.giveBackTitle(name)} role="alertdialog" onClose={onClose}>
      <div class="dialog-body">
        <p>{isRest ? TEXTS.restWords : TEXTS.giveBackWords}</p>
        <Stops persona={persona} />
        <Problem problem={end.problem} />
        <DialogEnd onClose={onClose}>
          <button type="button" class="button danger primary" disabled={end.isBusy} onClick={() => void submit()}>
            {isRest ? TEXTS.rest : TEXTS.giveBack}
          </button>
        </DialogEnd>
      </div>
    </Dialog>
  )
}

function Stops({ persona }: { readonly persona: Persona }): JSX.Element {
  const people = usePeople()
  const things = useThings()
  const grants = useCall('grants.list')
  if (grants.state === 'loading') return <p class="aside">{strings.loading}</p>
  if (grants.state === 'failed') return <p class="notice">{TEXTS.stopsUnknown}</p>
  const some = dependsOn(persona, people.me, grants.value.items)
  return (
    <div class={some.length > 0 ? 'notice notice-bad' : 'notice'}>
      <p>{TEXTS.stops(some.length)}</p>
      {some.length > 0 && (
        <ul class="below">
          {some.map((grant) => (
            <li key={grant.id}>{sentenceOf(grant, people, things)}</li>
          ))}
        </ul>
      )}
    </div>
  )
}

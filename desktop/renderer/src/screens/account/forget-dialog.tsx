/**
 * Erasure dialog: what ends, what remains and where, and a phrase that must be typed to confirm.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Field } from '../../parts/field.tsx'
import { Problem } from '../../parts/states.tsx'
import { rememberErased } from '../../store/erased.ts'
import { useAction, useCall } from '../../store/hooks.tsx'
import { usePeople } from '../../store/people.ts'
import { strings } from '../../strings.ts'

const TEXTS = strings.forget
const CONFIRM = 'forget me'

export function ForgetDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [typed, setTyped] = useState('')
  const forget = useAction('account.forget')
  const isTyped = typed.trim().toLowerCase() === TEXTS.typed
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    // The session ends before the result arrives, and unmounts this dialog.
    const answer = await forget.run({ confirm: CONFIRM })
    if (answer.ok) rememberErased(answer.value)
  }
  return (
    <Dialog title={TEXTS.title} role="alertdialog" onClose={onClose}>
      <form class="dialog-body" onSubmit={(event) => void submit(event)}>
        <Ends />
        <div>
          <h3 class="small-title">{TEXTS.remains}</h3>
          <ul class="points">
            <li>{TEXTS.log}</li>
            <li>{TEXTS.login}</li>
          </ul>
        </div>
        <p>{TEXTS.first}</p>
        <Field label={TEXTS.label} name="confirm" problem={forget.problem}>
          {(attributes) => (
            <input
              {...attributes}
              type="text"
              autocomplete="off"
              spellcheck={false}
              value={typed}
              onInput={({ currentTarget }) => setTyped(currentTarget.value)}
            />
          )}
        </Field>
        <Problem problem={forget.problem} />
        <DialogEnd onClose={onClose}>
          <button type="submit" class="button danger primary" disabled={forget.isBusy || !isTyped}>
            {forget.isBusy ? TEXTS.busy : TEXTS.action}
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  )
}

function Ends(): JSX.Element {
  const { me } = usePeople()
  const grants = useCall('grants.list')
  const personas = useCall('personas.list')
  const live = grants.state === 'there' ? grants.value.items.filter(({ status }) => status === 'live') : undefined
  const received = live?.filter(({ delegate }) => delegate === me).length ?? 0
  const held =
    personas.state === 'there' ? personas.value.items.filter(({ status }) => status !== 'revoked') : undefined
  return (
    <div class="notice notice-bad">
      <h3 class="small-title">{TEXTS.ends}</h3>
      <ul class="points">
        <li>{live ? TEXTS.grants(live.length - received, received) : TEXTS.grantsUnknown}</li>
        <li>{held ? TEXTS.personas(held.length) : TEXTS.personasUnknown}</li>
        <li>{TEXTS.trips}</li>
        <li>{TEXTS.session}</li>
      </ul>
    </div>
  )
}

/**
 * Dialog to redeem an invitation; then shows the fingerprint to read aloud.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { invitationCodeIn } from '../../../../src/shared/invitation-link.ts'
import type { ProblemView } from '../../../../src/shared/views.ts'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Field } from '../../parts/field.tsx'
import { Problem } from '../../parts/states.tsx'
import { useAction } from '../../store/hooks.tsx'
import { usePeople } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { NameField } from './edit-dialog.tsx'
import { PartyNumber } from './number.tsx'

const TEXTS = strings.redeem

/** @param code - Code of an opened link; empty: to be typed. */
export function RedeemDialog({ code, onClose }: { readonly code: string; readonly onClose: () => void }): JSX.Element {
  const [done, setDone] = useState<string>()
  return (
    <Dialog title={done === undefined ? TEXTS.title : TEXTS.doneTitle(done)} onClose={onClose}>
      {done === undefined ? (
        <Form opened={code} onDone={setDone} onClose={onClose} />
      ) : (
        <Redeemed name={done} onClose={onClose} />
      )}
    </Dialog>
  )
}

interface FormProps {
  readonly opened: string
  readonly onDone: (name: string) => void
  readonly onClose: () => void
}

function Form({ opened, onDone, onClose }: FormProps): JSX.Element {
  const [text, setText] = useState(opened)
  const [name, setName] = useState('')
  const redeem = useAction('invitations.redeem', ['invitations', 'contacts'])
  const code = invitationCodeIn(text)
  const problem: ProblemView | undefined =
    text.trim() !== '' && code === undefined
      ? { code: 'invitation_unknown', title: TEXTS.notCode, field: 'code' }
      : redeem.problem
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (code === undefined) return
    const called = name.trim()
    const answer = await redeem.run({ code, name: called })
    if (answer.ok) onDone(called)
  }
  return (
    <form class="dialog-body" onSubmit={(event) => void submit(event)}>
      {opened !== '' && <p class="notice">{TEXTS.opened}</p>}
      <Field label={TEXTS.code} help={TEXTS.codeHelp} name="code" problem={problem}>
        {(attributes) => (
          <input
            {...attributes}
            class="code-field"
            type="text"
            required
            spellcheck={false}
            autocomplete="off"
            maxLength={200}
            value={text}
            onInput={({ currentTarget }) => {
              redeem.forget()
              setText(currentTarget.value)
            }}
          />
        )}
      </Field>
      <NameField label={TEXTS.name} help={TEXTS.nameHelp} value={name} problem={redeem.problem} onType={setName} />
      <section class="preview">
        <h3>{TEXTS.means}</h3>
        <ul class="points">
          {TEXTS.points.map((point) => (
            <li key={point}>{point}</li>
          ))}
        </ul>
        <p class="grant-terms">{TEXTS.unsure}</p>
      </section>
      <Problem problem={redeem.problem} />
      <DialogEnd onClose={onClose} out={TEXTS.notNow}>
        <button
          type="submit"
          class="button primary"
          disabled={redeem.isBusy || code === undefined || name.trim() === ''}
        >
          {redeem.isBusy ? strings.saving : TEXTS.action}
        </button>
      </DialogEnd>
    </form>
  )
}

function Redeemed({ name, onClose }: { readonly name: string; readonly onClose: () => void }): JSX.Element {
  const { me } = usePeople()
  return (
    <div class="dialog-body">
      <p>{TEXTS.doneWords(name)}</p>
      <PartyNumber party={me} label={strings.contacts.yourNumber} />
      <p class="aside">{TEXTS.doneWait}</p>
      <div class="dialog-end">
        <button type="button" class="button primary" onClick={onClose}>
          {strings.done}
        </button>
      </div>
    </div>
  )
}

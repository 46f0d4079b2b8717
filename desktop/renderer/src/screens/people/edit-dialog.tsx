/**
 * Dialog for the name and note of a contact.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Contact, ProblemView } from '../../../../src/shared/views.ts'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Field } from '../../parts/field.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAction } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'
import { PartyNumber } from './number.tsx'

const TEXTS = strings.contacts
const MOST_NAME = 80
const MOST_NOTE = 400

/** @param contact - Absent: a new contact. */
export function EditDialog(props: { party: string; contact?: Contact; onClose: () => void }): JSX.Element {
  const { party, contact, onClose } = props
  const [name, setName] = useState(contact?.name ?? '')
  const [note, setNote] = useState(contact?.note ?? '')
  const save = useAction('contacts.save', ['contacts'])
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const answer = await save.run({ party, name: name.trim(), note: note.trim() })
    if (!answer.ok) return
    announce(TEXTS.saved(answer.value.name))
    onClose()
  }
  return (
    <Dialog title={contact ? TEXTS.editTitle(contact.name) : TEXTS.nameTitle} onClose={onClose}>
      <form class="dialog-body" onSubmit={(event) => void submit(event)}>
        {!contact && <PartyNumber party={party} label={TEXTS.number} />}
        <NameField label={TEXTS.name} help={TEXTS.nameHelp} value={name} problem={save.problem} onType={setName} />
        <Field label={TEXTS.note} help={TEXTS.noteHelp} name="note" problem={save.problem}>
          {(attributes) => (
            <textarea
              {...attributes}
              rows={2}
              maxLength={MOST_NOTE}
              value={note}
              onInput={({ currentTarget }) => setNote(currentTarget.value)}
            />
          )}
        </Field>
        <Problem problem={save.problem} />
        <DialogEnd onClose={onClose}>
          <button type="submit" class="button primary" disabled={save.isBusy || name.trim() === ''}>
            {save.isBusy ? strings.saving : TEXTS.save}
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  )
}

interface NameFieldProps {
  readonly label: string
  readonly help: string
  readonly value: string
  readonly problem: ProblemView | undefined
  readonly onType: (name: string) => void
}

export function NameField({ label, help, value, problem, onType }: NameFieldProps): JSX.Element {
  return (
    <Field label={label} help={help} name="name" problem={problem}>
      {(attributes) => (
        <input
          {...attributes}
          type="text"
          required
          maxLength={MOST_NAME}
          autocomplete="off"
          value={value}
          onInput={({ currentTarget }) => onType(currentTarget.value)}
        />
      )}
    </Field>
  )
}

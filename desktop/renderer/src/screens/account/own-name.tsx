/**
 * The person's own name for the account, kept on this device like those of contacts.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Field } from '../../parts/field.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAction } from '../../store/hooks.tsx'
import { usePeople } from '../../store/people.ts'
import { strings } from '../../strings.ts'

const TEXTS = strings.account

export function OwnName(): JSX.Element {
  const { me, ownName = '' } = usePeople()
  const [typed, setTyped] = useState<string>()
  const save = useAction('contacts.save', ['contacts'])
  const name = typed ?? ownName
  const isUnsaved = name.trim() !== '' && name.trim() !== ownName
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const answer = await save.run({ party: me, name: name.trim() })
    if (!answer.ok) return
    setTyped(undefined)
    announce(TEXTS.nameSaved)
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Field label={TEXTS.name} help={TEXTS.nameHelp} name="name" problem={save.problem}>
        {(attributes) => (
          <input
            {...attributes}
            type="text"
            maxLength={80}
            autocomplete="off"
            value={name}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        )}
      </Field>
      {isUnsaved && (
        <div class="buttons">
          <button type="submit" class="button" disabled={save.isBusy}>
            {TEXTS.nameSave}
          </button>
        </div>
      )}
      <Problem problem={save.problem} />
    </form>
  )
}

/**
 * Dialog to revoke several grants at once.
 *
 * @module
 */
import type { Grant } from '@mandate/protocol'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Field } from '../../parts/field.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { sentenceOf } from '../../store/grants.ts'
import { useAction } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'

const TEXTS = strings.revoke

/** @param props.grants - The live grants to choose from. */
export function RevokeSeveral(props: { readonly grants: readonly Grant[]; readonly onClose: () => void }): JSX.Element {
  const { grants, onClose } = props
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set())
  const [reason, setReason] = useState('')
  const [left, setLeft] = useState(0)
  const revoke = useAction('grants.revoke', ['grants', 'activity'])
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const words = reason.trim()
    const failed = new Set<string>()
    for (const id of chosen) {
      const answer = await revoke.run({ id, ...(words === '' ? {} : { reason: words }) })
      if (!answer.ok) failed.add(id)
    }
    choose(failed)
    setLeft(failed.size)
    if (failed.size > 0) return
    announce(TEXTS.severalDone(chosen.size))
    onClose()
  }
  return (
    <Dialog title={TEXTS.severalTitle} role="alertdialog" onClose={onClose}>
      <form class="dialog-body" onSubmit={(event) => void submit(event)}>
        <Chooser grants={grants} chosen={chosen} onChoose={choose} />
        <p class="aside">{TEXTS.at}</p>
        <Field label={TEXTS.reason} name="reason" problem={revoke.problem}>
          {(attributes) => (
            <input
              {...attributes}
              type="text"
              maxLength={200}
              value={reason}
              onInput={({ currentTarget }) => setReason(currentTarget.value)}
            />
          )}
        </Field>
        {left > 0 && <p class="problem">{TEXTS.severalLeft(left)}</p>}
        <Problem problem={revoke.problem} />
        <DialogEnd onClose={onClose}>
          <button type="submit" class="button danger primary" disabled={revoke.isBusy || chosen.size === 0}>
            {TEXTS.severalAction(chosen.size)}
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  )
}

interface ChooserProps {
  readonly grants: readonly Grant[]
  readonly chosen: ReadonlySet<string>
  readonly onChoose: (chosen: ReadonlySet<string>) => void
}

function Chooser({ grants, chosen, onChoose }: ChooserProps): JSX.Element {
  const people = usePeople()
  const things = useThings()
  const toggle = (id: string, isOn: boolean): void => {
    const others = [...chosen].filter((one) => one !== id)
    onChoose(new Set(isOn ? [...others, id] : others))
  }
  return (
    <fieldset class="choice-field">
      <legend>{TEXTS.severalLegend}</legend>
      <div class="choices choices-list">
        <label class="option">
          <input
            type="checkbox"
            checked={grants.every(({ id }) => chosen.has(id))}
            onChange={({ currentTarget }) => onChoose(new Set(currentTarget.checked ? grants.map(({ id }) => id) : []))}
          />
          <span>{TEXTS.all}</span>
        </label>
        {grants.map((grant) => (
          <label class="option" key={grant.id}>
            <input
              type="checkbox"
              checked={chosen.has(grant.id)}
              onChange={({ currentTarget }) => toggle(grant.id, currentTarget.checked)}
            />
            <span>{sentenceOf(grant, people, things)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

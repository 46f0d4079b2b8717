/**
 * Setting what agents may do alone: consent and a limit for every gate, and the sentence that it comes to.
 *
 * @module
 */
import type { Persona } from '@mandate/protocol'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ProblemView } from '../../../../src/shared/views.ts'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Choice, Field } from '../../parts/field.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAction } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'
import {
  autonomySentence,
  type Gate,
  problemAtGate,
  readTyped,
  type Typed,
  type TypedField,
  typedOf,
} from './limits.ts'
import { personaWords } from './persona.ts'

const TEXTS = strings.autonomy

interface AutonomyDialogProps {
  readonly persona: Persona
  readonly gates: readonly Gate[]
  readonly onClose: () => void
}

export function AutonomyDialog({ persona, gates, onClose }: AutonomyDialogProps): JSX.Element {
  const [typed, setTyped] = useState<Typed>(() => typedOf(persona.autonomy))
  const read = readTyped(typed, gates, persona.autonomy)
  const save = useAction('personas.setAutonomy', ['personas', 'activity'])
  const problem = problemAtGate(save.problem, gates)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (!read.ok) return
    const answer = await save.run({ id: persona.id, autonomy: read.autonomy })
    if (!answer.ok) return
    announce(TEXTS.saved)
    onClose()
  }
  return (
    <Dialog title={TEXTS.dialog(personaWords(persona))} onClose={onClose}>
      <form class="dialog-body" onSubmit={(event) => void submit(event)}>
        <Choice
          legend={TEXTS.consent}
          name="consent"
          options={(['yes', 'no'] as const).map((value) => ({ value, label: TEXTS.consents[value] }))}
          value={typed.consent}
          onChoose={(consent) => setTyped({ ...typed, consent })}
        />
        <div class="limits">
          {gates
            .flatMap((gate): readonly TypedField[] => (gate === 'price' ? ['price', 'currency'] : [gate]))
            .map((field) => (
              <LimitField
                key={field}
                field={field}
                value={typed[field]}
                problem={read.ok ? problem : wrongAt(field, read.wrong[field])}
                onType={(value) => {
                  save.forget()
                  setTyped({ ...typed, [field]: value })
                }}
              />
            ))}
        </div>
        <section class="preview" aria-live="polite">
          <h3>{TEXTS.means}</h3>
          {read.ok && <p class="grant-sentence">{autonomySentence(read.autonomy)}</p>}
          <p class="grant-terms">{TEXTS.atOnce}</p>
        </section>
        <Problem problem={save.problem} />
        <DialogEnd onClose={onClose}>
          <button type="submit" class="button primary" disabled={save.isBusy || !read.ok}>
            {save.isBusy ? strings.saving : TEXTS.save}
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  )
}

function wrongAt(field: TypedField, title: string | undefined): ProblemView | undefined {
  return title === undefined ? undefined : { code: 'invalid', title, field }
}

const FIELDS: Readonly<Record<TypedField, { readonly label: string; readonly help: string }>> = {
  price: { label: TEXTS.priceLabel, help: TEXTS.priceHelp },
  currency: { label: TEXTS.currency, help: TEXTS.currencyHelp },
  effort: { label: TEXTS.effortLabel, help: TEXTS.effortHelp },
  lead_time: { label: TEXTS.leadLabel, help: TEXTS.leadHelp },
  risk: { label: TEXTS.riskLabel, help: TEXTS.riskHelp },
}

interface LimitFieldProps {
  readonly field: TypedField
  readonly value: string
  readonly problem: ProblemView | undefined
  readonly onType: (value: string) => void
}

function LimitField({ field, value, problem, onType }: LimitFieldProps): JSX.Element {
  const { label, help } = FIELDS[field]
  return (
    <Field label={label} help={help} name={field} problem={problem}>
      {(attributes) => (
        <input
          {...attributes}
          type="text"
          required
          inputMode={field === 'currency' ? 'text' : 'decimal'}
          autocomplete="off"
          maxLength={field === 'currency' ? 3 : 16}
          value={value}
          onInput={({ currentTarget }) => onType(currentTarget.value)}
        />
      )}
    </Field>
  )
}

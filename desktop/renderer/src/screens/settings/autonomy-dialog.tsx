/**
 * Dialog for limits of agents: consent, a limit for every gate of the domain, and the resulting sentence.
 *
 * @module
 */
import type { Domain, Persona } from '@mandate/protocol'
import { focusRefusal, useDomains } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { ProblemView } from '../../../../src/shared/views.ts'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Choice, Field } from '../../parts/field.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAction } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'
import {
  autonomySentence,
  consentOf,
  fieldsOf,
  type LimitField,
  limitGatesOf,
  problemAtGate,
  readTyped,
  type Typed,
  typedOf,
  typedOver,
} from './limits.ts'
import { personaWords } from './persona.ts'

const TEXTS = strings.autonomy

interface AutonomyDialogProps {
  readonly persona: Persona
  readonly domain: Domain
  readonly onClose: () => void
}

export function AutonomyDialog({ persona, domain, onClose }: AutonomyDialogProps): JSX.Element {
  const gates = useMemo(() => limitGatesOf(domain), [domain])
  const [own, setOwn] = useState<Partial<Typed>>({})
  const { form, submitted, refuse } = useRefusals()
  const typed = typedOver(typedOf(persona.autonomy, gates), own)
  const read = readTyped(typed, gates, persona.autonomy)
  const save = useAction('personas.setAutonomy', ['personas', 'activity'])
  const problem = problemAtGate(save.problem, gates)
  /** A limit without a suggested value is empty at first: that is no error before the person typed or submitted. */
  const isJudged = (field: string): boolean => submitted > 0 || own.fields?.[field] !== undefined
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (!read.ok) return refuse()
    const answer = await save.run({ id: persona.id, autonomy: read.autonomy })
    if (!answer.ok) return
    announce(TEXTS.saved)
    onClose()
  }
  return (
    <Dialog title={TEXTS.dialog(personaWords(persona, useDomains()))} onClose={onClose}>
      <form class="dialog-body" noValidate ref={form} onSubmit={(event) => void submit(event)}>
        <Choice
          legend={consentOf(domain).question}
          name="consent"
          options={(['yes', 'no'] as const).map((value) => ({ value, label: TEXTS.consents[value] }))}
          value={typed.consent}
          onChoose={(consent) => setOwn({ ...own, consent })}
        />
        <div class="limits">
          {fieldsOf(gates).map((field) => (
            <LimitInput
              key={field.name}
              field={field}
              value={typed.fields[field.name] ?? ''}
              problem={
                read.ok ? problem : isJudged(field.name) ? wrongAt(field.name, read.wrong[field.name]) : undefined
              }
              onType={(value) => {
                save.forget()
                setOwn({ ...own, fields: { ...own.fields, [field.name]: value } })
              }}
            />
          ))}
        </div>
        <Meaning sentence={read.ok ? autonomySentence(read.autonomy, domain) : undefined} />
        <Problem problem={save.problem} />
        <DialogEnd onClose={onClose}>
          <button type="submit" class="button primary" disabled={save.isBusy}>
            {save.isBusy ? strings.saving : TEXTS.save}
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  )
}

/** Counts refused submissions; after each, moves the focus to the first invalid field. */
function useRefusals(): {
  readonly form: { readonly current: HTMLFormElement | null }
  readonly submitted: number
  readonly refuse: () => void
} {
  const form = useRef<HTMLFormElement>(null)
  const [submitted, setSubmitted] = useState(0)
  useEffect(() => {
    if (submitted > 0 && form.current) focusRefusal(form.current, form.current)
  }, [submitted])
  return { form, submitted, refuse: () => setSubmitted((count) => count + 1) }
}

/** @param props.sentence - `undefined` while a field has an error. */
function Meaning(props: { readonly sentence: string | undefined }): JSX.Element {
  return (
    <section class="preview" aria-live="polite">
      <h3>{TEXTS.means}</h3>
      {props.sentence !== undefined && <p class="grant-sentence">{props.sentence}</p>}
      <p class="grant-terms">{TEXTS.atOnce}</p>
    </section>
  )
}

function wrongAt(field: string, title: string | undefined): ProblemView | undefined {
  return title === undefined ? undefined : { code: 'invalid', title, field }
}

interface LimitInputProps {
  readonly field: LimitField
  readonly value: string
  readonly problem: ProblemView | undefined
  readonly onType: (value: string) => void
}

function LimitInput({ field, value, problem, onType }: LimitInputProps): JSX.Element {
  const { name, label, help, isCurrency } = field
  return (
    <Field label={label} help={help} name={name} problem={problem}>
      {(attributes) => (
        <input
          {...attributes}
          type="text"
          required
          inputMode={isCurrency ? 'text' : 'decimal'}
          autocomplete="off"
          maxLength={isCurrency ? 3 : 16}
          value={value}
          onInput={({ currentTarget }) => onType(currentTarget.value)}
        />
      )}
    </Field>
  )
}

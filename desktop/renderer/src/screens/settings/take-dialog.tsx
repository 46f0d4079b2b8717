/**
 * Taking a persona: which role, in which circle, until when.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Field } from '../../parts/field.tsx'
import { InstantField } from '../../parts/instant-field.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { type Action, useAction } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'
import { personaWords } from './persona.ts'

const TEXTS = strings.taking
const OTHER = 'other'
/** Those that anybody may give themself; the rest wait for an administrator. */
const BY_ONESELF: ReadonlySet<string> = new Set(['traveler', 'business-traveler', 'visitor'])

interface Typed {
  readonly role: string
  readonly title: string
  readonly circle: string
  readonly till: string | undefined
}

export function TakeDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [typed, setTyped] = useState<Typed>({ role: 'traveler', title: '', circle: '', till: undefined })
  const take = useAction('personas.create', ['personas'])
  const title = typed.role === OTHER ? typed.title.trim() : typed.role
  const circle = typed.circle.trim()
  const { till } = typed
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const answer = await take.run({ title, circle, ...(till === undefined ? {} : { valid_till: till }) })
    if (!answer.ok) return
    const name = personaWords(answer.value)
    announce(answer.value.status === 'pending' ? TEXTS.waits(name) : TEXTS.taken(name))
    onClose()
  }
  const isReady = /^[a-z0-9][a-z0-9-]{0,29}$/u.test(circle) && title !== ''
  return (
    <Dialog title={TEXTS.title} onClose={onClose}>
      <form class="dialog-body" onSubmit={(event) => void submit(event)}>
        <Fields typed={typed} take={take} onType={setTyped} />
        <Meaning role={typed.role} />
        <Problem problem={take.problem} />
        <DialogEnd onClose={onClose}>
          <button type="submit" class="button primary" disabled={take.isBusy || !isReady}>
            {take.isBusy ? strings.saving : TEXTS.action}
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  )
}

interface FieldsProps {
  readonly typed: Typed
  readonly take: Action<'personas.create'>
  readonly onType: (typed: Typed) => void
}

function Fields({ typed, take, onType }: FieldsProps): JSX.Element {
  const { role, title, circle, till } = typed
  return (
    <>
      <Field label={TEXTS.role} name={role === OTHER ? 'role' : 'title'} problem={take.problem}>
        {(attributes) => (
          <select
            {...attributes}
            value={role}
            onChange={({ currentTarget }) => onType({ ...typed, role: currentTarget.value })}
          >
            {Object.entries(TEXTS.titles).map(([value, { name }]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
            <option value={OTHER}>{TEXTS.other}</option>
          </select>
        )}
      </Field>
      {role === OTHER && (
        <Typing
          name="title"
          label={TEXTS.otherTitle}
          help={TEXTS.otherHelp}
          value={title}
          take={take}
          onType={(text) => onType({ ...typed, title: text })}
        />
      )}
      <Typing
        name="circle"
        label={TEXTS.circle}
        help={TEXTS.circleHelp}
        value={circle}
        take={take}
        onType={(text) => onType({ ...typed, circle: text })}
      />
      <InstantField
        label={TEXTS.till}
        name="valid_till"
        problem={take.problem}
        value={till}
        onChange={(chosen) => onType({ ...typed, till: chosen })}
      />
    </>
  )
}

interface TypingProps {
  readonly name: 'title' | 'circle'
  readonly label: string
  readonly help: string
  readonly value: string
  readonly take: Action<'personas.create'>
  readonly onType: (text: string) => void
}

function Typing({ name, label, help, value, take, onType }: TypingProps): JSX.Element {
  return (
    <Field label={label} help={help} name={name} problem={take.problem}>
      {(attributes) => (
        <input
          {...attributes}
          type="text"
          required
          maxLength={30}
          pattern="[a-z0-9][a-z0-9\-]*"
          autocomplete="off"
          spellcheck={false}
          value={value}
          onInput={({ currentTarget }) => onType(currentTarget.value)}
        />
      )}
    </Field>
  )
}

function Meaning({ role }: { readonly role: string }): JSX.Element {
  const may = TEXTS.titles[role]?.may
  const how = may === undefined ? TEXTS.unknown : BY_ONESELF.has(role) ? TEXTS.self : TEXTS.administrator
  return (
    <section class="preview" aria-live="polite">
      <h3>{TEXTS.may}</h3>
      {may !== undefined && <p>{may}</p>}
      <p class="grant-terms">{how}</p>
    </section>
  )
}

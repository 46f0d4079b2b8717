/**
 * Dialog for taking a persona: title, circle and end. Titles come from the domains in force.
 *
 * @module
 */
import type { Domain } from '@mandate/protocol'
import { type Domains, useDomains } from '@mandate/ui'
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

interface Typed {
  readonly role: string
  readonly title: string
  readonly circle: string
  readonly till: string | undefined
}

export function TakeDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const domains = useDomains()
  const [typed, setTyped] = useState<Typed>(() => ({
    role: firstTitle(domains),
    title: '',
    circle: '',
    till: undefined,
  }))
  const take = useAction('personas.create', ['personas'])
  const title = typed.role === OTHER ? typed.title.trim() : typed.role
  const circle = typed.circle.trim()
  const { till } = typed
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const answer = await take.run({ title, circle, ...(till === undefined ? {} : { valid_till: till }) })
    if (!answer.ok) return
    const name = personaWords(answer.value, domains)
    announce(answer.value.status === 'pending' ? TEXTS.waits(name) : TEXTS.taken(name))
    onClose()
  }
  const isReady = /^[a-z0-9][a-z0-9-]{0,29}$/u.test(circle) && title !== ''
  return (
    <Dialog title={TEXTS.title} onClose={onClose}>
      <form class="dialog-body" onSubmit={(event) => void submit(event)}>
        <Fields typed={typed} domains={domains} take={take} onType={setTyped} />
        <Meaning title={titlesOf(domains).get(typed.role)} />
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

/** Titles by name: only one domain can declare a title. */
const titlesOf = (domains: Domains): ReadonlyMap<string, Title> =>
  new Map(domains.flatMap(({ titles }) => Object.entries(titles)))

type Title = Domain['titles'][string]

/** The first title that a person can take without an administrator. */
function firstTitle(domains: Domains): string {
  const own = [...titlesOf(domains)].find(([, { assume }]) => assume === 'self')
  return own?.[0] ?? OTHER
}

interface FieldsProps {
  readonly typed: Typed
  readonly domains: Domains
  readonly take: Action<'personas.create'>
  readonly onType: (typed: Typed) => void
}

function Fields({ typed, domains, take, onType }: FieldsProps): JSX.Element {
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
            <TitleOptions domains={domains} />
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

/** Grouped by domain where there are several. */
function TitleOptions({ domains }: { readonly domains: Domains }): JSX.Element {
  const options = ({ titles }: Domain): readonly JSX.Element[] =>
    Object.entries(titles).map(([value, { label }]) => (
      <option key={value} value={value}>
        {label}
      </option>
    ))
  const titled = domains.filter(({ titles }) => Object.keys(titles).length > 0)
  if (titled.length < 2) return <>{titled.map(options)}</>
  return (
    <>
      {titled.map((domain) => (
        <optgroup key={domain.domain} label={domain.label}>
          {options(domain)}
        </optgroup>
      ))}
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

/** @param props.title - `undefined`: a title that no domain in force declares. */
function Meaning({ title }: { readonly title: Title | undefined }): JSX.Element {
  const how = title === undefined ? TEXTS.unknown : TEXTS[title.assume]
  return (
    <section class="preview" aria-live="polite">
      <h3>{TEXTS.may}</h3>
      {title?.about !== undefined && <p>{title.about}</p>}
      <p class="grant-terms">{how}</p>
    </section>
  )
}

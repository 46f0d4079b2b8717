/**
 * The form of a question: who, for whom, action, resource, properties.
 *
 * @module
 */
import type { Outline } from '@mandate/playground/api'
import type { ComponentChildren, JSX } from 'preact'
import { type Attribute, whatOf } from './form.ts'
import type { Form } from './share.ts'
import { hintOf, textOf } from './values.ts'

interface QuestionProps {
  readonly form: Form
  readonly outline: Outline
  readonly isBusy: boolean
  /** Whether the texts have mistakes: a question would be asked of the pack before. */
  readonly isMistaken: boolean
  readonly onForm: (form: Form) => void
  readonly onAsk: () => void
}

type Choice = readonly [value: string, label: string]

export function QuestionForm(props: QuestionProps): JSX.Element {
  const { isBusy, isMistaken, onAsk } = props
  return (
    <form
      class="question"
      onSubmit={(event) => {
        event.preventDefault()
        onAsk()
      }}
    >
      <Choices {...props} />
      <PropertySets {...props} />
      <div class="ask">
        <button type="submit" class="button primary" disabled={isMistaken || isBusy}>
          Ask
        </button>
        {isMistaken && <p class="aside">The pack has a mistake: it can be asked again when that is mended.</p>}
      </div>
    </form>
  )
}

/** Fields that are text where the pack has no cases. */
const HINTS: Readonly<Record<string, string>> = { subject: 'the id of a person', what: 'type:id' }

type PartProps = Pick<QuestionProps, 'form' | 'outline' | 'onForm'>

function Choices({ form, outline, onForm }: PartProps): JSX.Element {
  const { people, agents, domain } = outline
  const set = (change: Partial<Form>): void => onForm({ ...form, ...change })
  const actions = Object.entries(domain.actions).map(([name, { label }]) => [name, `${name}: ${label}`] as const)
  const fields = [
    ['Who', 'subject', same([...Object.keys(people), ...agents]), (subject: string) => set({ subject, persona: '' })],
    ['In which persona', 'persona', personasOf(outline, form.subject), (persona: string) => set({ persona })],
    ['Through which agent', 'actor', [['', 'none, in person'], ...same(agents)], (actor: string) => set({ actor })],
    ['Does what', 'action', actions, (action: string) => onForm(withAction(form, outline, action))],
    ['To which', 'what', same(whatOf(outline, form.action)), (what: string) => set({ what, with: {} })],
  ] as const satisfies readonly (readonly [string, keyof Form, readonly Choice[], (value: string) => void])[]
  return (
    <div class="fields">
      {fields.map(([label, name, choices, onValue]) => (
        <Select key={name} label={label} value={form[name]} choices={choices} hint={HINTS[name]} onValue={onValue} />
      ))}
      <Select
        label="As given in"
        value={form.case === undefined ? '' : String(form.case)}
        choices={worldsOf(outline)}
        onValue={(at) => onForm(withCase(form, at))}
      />
    </div>
  )
}

/** The cases whose `given` can be played before the question. */
function worldsOf({ cases }: Outline): readonly Choice[] {
  const named = cases.map(
    ({ name, given }, at) => [String(at), given === 0 ? name : `${name} (with its given)`] as const,
  )
  return [['', 'facts.yaml and the top of cases.yaml'], ...named]
}

function PropertySets({ form, outline, onForm }: PartProps): JSX.Element {
  const { attributes, subjectAttributes, actionAttributes, resources } = outline
  const own = resources[form.what]?.values ?? {}
  const sets = [
    ['Properties of the resource', 'with', attributes, own],
    ['Properties of who asks', 'with_subject', subjectAttributes, {}],
    ['Properties of the action', 'with_action', actionAttributes, {}],
  ] as const
  return (
    <>
      {sets.map(([title, name, declared, values]) => (
        <Properties
          key={name}
          title={title}
          attributes={declared}
          texts={form[name]}
          own={values}
          onTexts={(texts) => onForm({ ...form, [name]: texts })}
        />
      ))}
    </>
  )
}

const same = (names: readonly string[]): readonly Choice[] => names.map((name) => [name, name])

function personasOf({ people }: Outline, subject: string): readonly Choice[] {
  const personas = people[subject] ?? []
  const [first] = personas
  return [
    ['', first === undefined ? 'none' : `${first} (the first)`],
    ...same(personas.slice(1)),
    ...(first === undefined ? [] : [['nobody', 'no persona is sent'] as const]),
  ]
}

/** Changes the action, and the resource if the action is not about it. */
function withAction(form: Form, outline: Outline, action: string): Form {
  const possible = whatOf(outline, action)
  return possible.includes(form.what) ? { ...form, action } : { ...form, action, what: possible[0] ?? '', with: {} }
}

function withCase({ case: _before, ...form }: Form, index: string): Form {
  return index === '' ? form : { ...form, case: Number(index) }
}

/** A list of choices; a text field where the pack declares none. */
function Select(props: {
  label: string
  value: string
  choices: readonly Choice[]
  /** What to write where there are no choices. */
  hint?: string | undefined
  onValue: (value: string) => void
}): JSX.Element {
  const { label, value, choices, hint, onValue } = props
  return (
    <Field label={label}>
      {choices.length > 0 ? (
        <select value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          {choices.map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
        </select>
      ) : (
        <>
          <input
            type="text"
            required
            pattern="\S+"
            autocomplete="off"
            spellcheck={false}
            value={value}
            onInput={(event) => onValue(event.currentTarget.value)}
          />
          <span class="field-hint">{hint}</span>
        </>
      )}
    </Field>
  )
}

function Field({ label, children }: { readonly label: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label class="field">
      <span class="field-label">{label}</span>
      {children}
    </label>
  )
}

function Properties(props: {
  title: string
  attributes: readonly Attribute[]
  texts: Form['with']
  /** Values that are sent where a field is empty. */
  own: Readonly<Record<string, unknown>>
  onTexts: (texts: Form['with']) => void
}): JSX.Element | null {
  const { title, attributes, texts, own, onTexts } = props
  if (attributes.length === 0) return null
  return (
    <fieldset class="properties">
      <legend>{title}</legend>
      <div class="fields">
        {attributes.map(({ name, type }) => (
          <Field key={name} label={name}>
            <input
              type="text"
              autocomplete="off"
              spellcheck={false}
              value={texts[name] ?? ''}
              placeholder={textOf(own[name])}
              onInput={(event) => onTexts({ ...texts, [name]: event.currentTarget.value })}
            />
            <span class="field-hint">{hintOf(type)}</span>
          </Field>
        ))}
      </div>
    </fieldset>
  )
}

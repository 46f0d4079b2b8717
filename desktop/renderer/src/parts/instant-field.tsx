/**
 * A day and time that is chosen. An instant that nobody changed is handed on as it came; the zone is shown with it.
 *
 * @module
 */
import { instantOf, localOf, zoneWords } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ProblemView } from '../../../src/shared/views.ts'
import { strings } from '../strings.ts'
import { Field } from './field.tsx'

const TEXTS = strings.instant

interface InstantFieldProps {
  readonly label: string
  readonly help?: string
  readonly name: string
  readonly problem: ProblemView | undefined
  /** RFC 3339. */
  readonly value: string | undefined
  readonly isRequired?: boolean
  /** `undefined` when the field is empty, or shows a time that does not exist: a form with such a time cannot be sent. */
  readonly onChange: (value: string | undefined) => void
}

interface Shown {
  readonly text: string
  readonly value: string | undefined
  /** The last instant that came from outside. */
  readonly origin: string | undefined
}

export function InstantField(props: InstantFieldProps): JSX.Element {
  const { label, help, name, problem, value, isRequired = false, onChange } = props
  const [kept, setKept] = useState<Shown>(() => shownOf(value))
  const shown = kept.value === value ? kept : shownOf(value)
  if (shown !== kept) setKept(shown)
  const wrong = shown.text !== '' && shown.value === undefined ? TEXTS.leftOut : ''
  const type = (text: string): void => {
    const next = instantOf(text, shown.origin)
    setKept({ text, value: next, origin: shown.origin })
    onChange(next)
  }
  return (
    <Field
      label={label}
      help={[...(help === undefined ? [] : [help]), TEXTS.zone(zoneWords(shown.value))].join(' ')}
      name={name}
      problem={wrong === '' ? problem : { code: 'invalid', title: wrong, field: name }}
    >
      {(attributes) => (
        <input
          {...attributes}
          type="datetime-local"
          required={isRequired}
          step={stepOf(shown.origin)}
          value={shown.text}
          ref={(input) => input?.setCustomValidity(wrong)}
          onInput={({ currentTarget }) => type(currentTarget.value)}
        />
      )}
    </Field>
  )
}

function shownOf(value: string | undefined): Shown {
  return { text: value === undefined ? '' : localOf(value), value, origin: value }
}

/** In seconds: a field of whole minutes would show no seconds, and take none. */
function stepOf(origin: string | undefined): number {
  const text = origin === undefined ? '' : localOf(origin)
  if (text.includes('.')) return 0.001
  return /T\d\d:\d\d:\d\d$/u.test(text) ? 1 : 60
}

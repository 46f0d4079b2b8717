/**
 * Field for date and time, with its time zone. An instant that was not changed is passed on exactly.
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
  /** `undefined` for an empty field, or a time that does not exist, with which the form cannot be submitted. */
  readonly onChange: (value: string | undefined) => void
}

interface Shown {
  readonly text: string
  readonly value: string | undefined
  /** The last instant that was set by the parent. */
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

/** Step in seconds: a field of whole minutes would reject seconds. */
function stepOf(origin: string | undefined): number {
  const text = origin === undefined ? '' : localOf(origin)
  if (text.includes('.')) return 0.001
  return /T\d\d:\d\d:\d\d$/u.test(text) ? 1 : 60
}

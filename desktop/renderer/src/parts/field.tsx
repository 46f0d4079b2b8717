/**
 * Form fields with label, help and error.
 *
 * @module
 */
import type { ComponentChildren, JSX } from 'preact'
import { useId } from 'preact/hooks'
import type { ProblemView } from '../../../src/shared/views.ts'

interface FieldProps {
  readonly label: string
  readonly help?: string | undefined
  /** Input member of the operation: a problem with this `field` is shown here. */
  readonly name?: string
  readonly problem?: ProblemView | undefined
  readonly children: (attributes: FieldAttributes) => JSX.Element
}

export interface FieldAttributes {
  readonly id: string
  readonly 'aria-describedby': string
  readonly 'aria-invalid': boolean
}

export function Field({ label, help, name, problem, children }: FieldProps): JSX.Element {
  const id = useId()
  const wrong = name !== undefined && problem?.field === name ? (problem.detail ?? problem.title) : undefined
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': `${id}-help`, 'aria-invalid': wrong !== undefined })}
      <span class={wrong === undefined ? 'field-help' : 'field-help wrong'} id={`${id}-help`}>
        {wrong ?? help ?? ''}
      </span>
    </div>
  )
}

interface ChoiceProps<T extends string> {
  readonly legend: string
  readonly name: string
  readonly options: readonly { readonly value: T; readonly label: ComponentChildren; readonly isOff?: boolean }[]
  readonly value: T | undefined
  readonly onChoose: (value: T) => void
  /** `list`: vertical. */
  readonly form?: 'row' | 'list'
}

/** Radio group. */
export function Choice<T extends string>(props: ChoiceProps<T>): JSX.Element {
  const { legend, name, options, value, onChoose, form = 'row' } = props
  return (
    <fieldset class="choice-field">
      <legend>{legend}</legend>
      <div class={`choices choices-${form}`}>
        {options.map((option) => (
          <label key={option.value} class="option">
            <input
              type="radio"
              name={name}
              checked={option.value === value}
              disabled={option.isOff ?? false}
              onChange={() => onChoose(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

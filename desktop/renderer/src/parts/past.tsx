/**
 * Toggle below a list that also shows ended items.
 *
 * @module
 */
import type { JSX } from 'preact'

interface PastSwitchProps {
  readonly isOn: boolean
  readonly onSwitch: (isOn: boolean) => void
  readonly texts: { readonly show: string; readonly hide: string }
}

export function PastSwitch({ isOn, onSwitch, texts }: PastSwitchProps): JSX.Element {
  return (
    <button type="button" class="button quiet ended-switch" aria-pressed={isOn} onClick={() => onSwitch(!isOn)}>
      {isOn ? texts.hide : texts.show}
    </button>
  )
}

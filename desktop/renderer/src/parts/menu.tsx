/**
 * Menu button.
 *
 * @module
 */
import * as menu from '@zag-js/menu'
import { normalizeProps, useMachine } from '@zag-js/preact'
import type { JSX } from 'preact'
import { useId } from 'preact/hooks'

export interface MenuItem {
  readonly id: string
  readonly label: string
  readonly onChoose: () => void
  readonly isOff?: boolean
}

interface MenuProps {
  readonly label: string
  /** Accessible name, where the label alone is not enough. */
  readonly spoken?: string
  readonly items: readonly MenuItem[]
  readonly isOff?: boolean
  readonly look?: 'button' | 'button primary' | 'button quiet'
}

export function Menu({ label, spoken, items, isOff = false, look = 'button' }: MenuProps): JSX.Element {
  const service = useMachine(menu.machine, {
    id: useId(),
    'aria-label': spoken ?? label,
    positioning: { placement: 'bottom-end', gutter: 6 },
    onSelect: ({ value }) => items.find(({ id }) => id === value)?.onChoose(),
  })
  const api = menu.connect(service, normalizeProps)
  return (
    <div class="menu">
      <button {...api.getTriggerProps()} type="button" class={`${look} opens`} disabled={isOff} aria-label={spoken}>
        {label}
      </button>
      {api.open && (
        <div {...api.getPositionerProps()}>
          <ul {...api.getContentProps()} class="menu-items">
            {items.map(({ id, label: words, isOff: isItemOff = false }) => (
              <li {...api.getItemProps({ value: id, disabled: isItemOff })} key={id} class="menu-item">
                {words}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  )
}

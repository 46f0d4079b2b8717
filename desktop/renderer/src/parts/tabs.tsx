/**
 * Tabs.
 *
 * @module
 */
import { normalizeProps, useMachine } from '@zag-js/preact'
import * as tabs from '@zag-js/tabs'
import type { ComponentChildren, JSX } from 'preact'
import { useId } from 'preact/hooks'

interface Tab {
  readonly value: string
  readonly label: string
  /** Number of items in the tab. */
  readonly count?: number | undefined
  readonly content: () => ComponentChildren
}

export function Tabs(props: { label: string; tabs: readonly [Tab, ...Tab[]]; first?: string }): JSX.Element {
  const service = useMachine(tabs.machine, {
    id: useId(),
    defaultValue: props.first ?? props.tabs[0].value,
    translations: { listLabel: props.label },
  })
  const api = tabs.connect(service, normalizeProps)
  return (
    <div {...api.getRootProps()} class="tabs">
      <div {...api.getListProps()} class="tab-list">
        {props.tabs.map(({ value, label, count }) => (
          <button {...api.getTriggerProps({ value })} key={value} type="button" class="tab">
            {label}
            {count !== undefined && <span class="tab-count">{count}</span>}
          </button>
        ))}
      </div>
      {props.tabs.map(({ value, content }) => (
        <div {...api.getContentProps({ value })} key={value} class="tab-content">
          {api.value === value && content()}
        </div>
      ))}
    </div>
  )
}

/**
 * Toasts: short confirmations that disappear, announced to screen readers.
 *
 * @module
 */
import { normalizeProps, useMachine } from '@zag-js/preact'
import * as toast from '@zag-js/toast'
import type { JSX } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { strings } from '../strings.ts'

const STAYS_MS = 7_000
/** Above the navigation, which is at the bottom of narrow windows. */
const OFFSETS = { top: '1rem', right: '1rem', bottom: 'var(--toast-offset)', left: '1rem' }
const store = toast.createStore({
  placement: 'bottom',
  offsets: OFFSETS,
  overlap: false,
  duration: STAYS_MS,
  max: 3,
})

/** Time in which an action can be undone, in milliseconds. */
const UNDO_MS = 10_000

interface Undo {
  readonly label: string
  readonly onUndo: () => void
}

/** Shows a confirmation. Errors are shown beside their control instead, and stay. @param undo - Offered for ten seconds. */
export function announce(title: string, undo?: Undo): void {
  const offered = undo && { duration: UNDO_MS, action: { label: undo.label, onClick: undo.onUndo } }
  store.create({ title, type: 'success', ...offered })
}

const GAP_PX = 16

export function Toasts(): JSX.Element {
  const service = useMachine(toast.group.machine, { id: useId(), store })
  const api = toast.group.connect(service, normalizeProps)
  const group = useRef<HTMLDivElement>(null)
  const shown = api.getToasts()
  // Dialogs end above the toasts: see .dialog-place.
  useLayoutEffect(() => {
    const heights = [...(group.current?.querySelectorAll<HTMLElement>('.toast') ?? [])].map((one) => one.offsetHeight)
    const room = heights.reduce((sum, height) => sum + height + GAP_PX, 0)
    document.documentElement.style.setProperty('--toasts-room', `${room}px`)
  }, [shown])
  return (
    <div ref={group} {...api.getGroupProps()} {...{ 'aria-label': strings.toasts }} class="toasts">
      {shown.map((options, index) => (
        <Toast key={options.id} options={options} index={index} parent={service} />
      ))}
    </div>
  )
}

interface ToastProps {
  readonly options: Omit<toast.Props, 'parent' | 'index'>
  readonly index: number
  readonly parent: toast.GroupService
}

/** The group of toasts is the live region: words of a live region inside of it would be said twice. */
const NOT_LIVE = { role: 'group' } as const

function Toast({ options, index, parent }: ToastProps): JSX.Element {
  const service = useMachine(toast.machine, { ...given(options), parent, index })
  const api = toast.connect(service, normalizeProps)
  return (
    <div {...api.getRootProps()} {...NOT_LIVE} class="toast">
      <p {...api.getTitleProps()}>{api.title}</p>
      {options.action && (
        <button {...api.getActionTriggerProps()} type="button" class="button quiet">
          {options.action.label}
        </button>
      )}
      <button {...api.getCloseTriggerProps()} aria-label={strings.close} type="button" class="button quiet">
        {strings.close}
      </button>
    </div>
  )
}

/** Removes members that are `undefined`. */
function given<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const known = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(known) as { [K in keyof T]: Exclude<T[K], undefined> }
}

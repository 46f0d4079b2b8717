/**
 * Modal dialog: Escape closes it, after a question when something was typed, and the focus returns to the element that had it.
 *
 * @module
 */
import * as dialog from '@zag-js/dialog'
import { normalizeProps, useMachine } from '@zag-js/preact'
import { type ComponentChildren, createContext, type JSX } from 'preact'
import { createPortal } from 'preact/compat'
import { useContext, useEffect, useId, useRef, useState } from 'preact/hooks'
import { strings } from '../strings.ts'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  /** `alertdialog`: confirming is destructive; the initial focus is on cancel. */
  readonly role?: 'dialog' | 'alertdialog'
  readonly children: ComponentChildren
}

/** Open while it is rendered. */
export function Dialog({ title, onClose, role = 'dialog', children }: DialogProps): JSX.Element {
  const [isTyped, setTyped] = useState(false)
  const [isLeaving, setLeaving] = useState(false)
  const asked = useRef<Element | null>(null)
  const leave = (): void => {
    if (isTyped && !isLeaving) asked.current = document.activeElement
    if (isTyped) setLeaving(true)
    else onClose()
  }
  const stay = (): void => {
    setLeaving(false)
    if (asked.current instanceof HTMLElement) asked.current.focus()
  }
  const service = useMachine(dialog.machine, {
    id: useId(),
    role,
    open: true,
    closeOnInteractOutside: false,
    onOpenChange: ({ open }) => {
      if (!open) leave()
    },
  })
  const api = dialog.connect(service, normalizeProps)
  return createPortal(
    <>
      <div {...api.getBackdropProps()} class="backdrop" />
      <div {...api.getPositionerProps()} class="dialog-place">
        <div {...api.getContentProps()} class="dialog" onInput={() => setTyped(true)}>
          <div class="dialog-top">
            <h2 {...api.getTitleProps()}>{title}</h2>
            <button {...api.getCloseTriggerProps()} class="button quiet" type="button">
              {strings.close}
            </button>
          </div>
          <LeaveContext.Provider value={leave}>{children}</LeaveContext.Provider>
          {isLeaving && <Unsaved onStay={stay} onLeave={onClose} />}
        </div>
      </div>
    </>,
    document.body,
  )
}

/** Closes the dialog, after a question when something was typed. */
const LeaveContext = createContext<(() => void) | undefined>(undefined)

function Unsaved({ onStay, onLeave }: { readonly onStay: () => void; readonly onLeave: () => void }): JSX.Element {
  const stay = useRef<HTMLButtonElement>(null)
  useEffect(() => stay.current?.focus(), [])
  const question = useId()
  // Not an alert: the focus comes here, and is read with the question.
  return (
    <section class="notice notice-bad unsaved" aria-labelledby={question}>
      <p id={question}>{strings.unsaved.question}</p>
      <div class="buttons">
        <button type="button" class="button" ref={stay} onClick={onStay}>
          {strings.unsaved.stay}
        </button>
        <button type="button" class="button danger" onClick={onLeave}>
          {strings.unsaved.leave}
        </button>
      </div>
    </section>
  )
}

interface DialogEndProps {
  readonly onClose: () => void
  /** Label of the cancel button. */
  readonly out?: string
  /** The confirming buttons. */
  readonly children: ComponentChildren
}

/** Button row: cancel first. */
export function DialogEnd({ onClose, out = strings.cancel, children }: DialogEndProps): JSX.Element {
  const leave = useContext(LeaveContext)
  return (
    <div class="dialog-end">
      <button type="button" class="button" onClick={leave ?? onClose}>
        {out}
      </button>
      {children}
    </div>
  )
}

/**
 * Modal dialog: Escape closes it, and the focus returns to the element that had it.
 *
 * @module
 */
import * as dialog from '@zag-js/dialog'
import { normalizeProps, useMachine } from '@zag-js/preact'
import type { ComponentChildren, JSX } from 'preact'
import { createPortal } from 'preact/compat'
import { useId } from 'preact/hooks'
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
  const service = useMachine(dialog.machine, {
    id: useId(),
    role,
    defaultOpen: true,
    closeOnInteractOutside: false,
    onOpenChange: ({ open }) => {
      if (!open) onClose()
    },
  })
  const api = dialog.connect(service, normalizeProps)
  return createPortal(
    <>
      <div {...api.getBackdropProps()} class="backdrop" />
      <div {...api.getPositionerProps()} class="dialog-place">
        <div {...api.getContentProps()} class="dialog">
          <div class="dialog-top">
            <h2 {...api.getTitleProps()}>{title}</h2>
            <button {...api.getCloseTriggerProps()} class="button quiet" type="button">
              {strings.close}
            </button>
          </div>
          {children}
        </div>
      </div>
    </>,
    document.body,
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
  return (
    <div class="dialog-end">
      <button type="button" class="button" onClick={onClose}>
        {out}
      </button>
      {children}
    </div>
  )
}

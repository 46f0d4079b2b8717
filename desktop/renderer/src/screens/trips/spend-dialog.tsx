/**
 * Confirmation before anything is booked: what, for how much, and by whom.
 *
 * @module
 */
import { money } from '@mandate/ui'
import type { JSX } from 'preact'
import type { Item } from '../../../../src/shared/views.ts'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { strings } from '../../strings.ts'
import { sumOf } from './sum.ts'

const TEXTS = strings.run

interface SpendDialogProps {
  readonly items: readonly Item[]
  /** Title of the agent that books; `undefined`: the person. */
  readonly agent: string | undefined
  readonly onConfirm: () => void
  readonly onClose: () => void
}

export function SpendDialog({ items, agent, onConfirm, onClose }: SpendDialogProps): JSX.Element {
  const left = items.filter(({ status }) => status === 'planned')
  const total = sumOf(left.map(({ planned_price: price }) => price))
  const confirm = (): void => {
    onClose()
    onConfirm()
  }
  return (
    <Dialog title={TEXTS.confirmTitle} role="alertdialog" onClose={onClose}>
      <div class="dialog-body">
        {left.length === 0 ? (
          <p>{TEXTS.nothingLeft}</p>
        ) : (
          <>
            <p>{TEXTS.confirmWords(total && money(total.amount, total.currency))}</p>
            <ul class="below">
              {left.map(({ id, name, planned_price: price }) => (
                <li key={id}>
                  {strings.capital(name)}, {money(price.amount, price.currency)}
                </li>
              ))}
            </ul>
          </>
        )}
        <p class="aside">{agent === undefined ? TEXTS.confirmInPerson : TEXTS.confirmByAgent(agent)}</p>
        <DialogEnd onClose={onClose}>
          <button type="button" class="button primary" onClick={confirm}>
            {TEXTS.confirmAction}
          </button>
        </DialogEnd>
      </div>
    </Dialog>
  )
}

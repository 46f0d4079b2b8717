/**
 * Dialog to revoke or renounce a grant; lists what else ends.
 *
 * @module
 */
import type { Grant } from '@mandate/protocol'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Field } from '../../parts/field.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { sentenceOf } from '../../store/grants.ts'
import { useAction, useCall } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { sameAgain, useGiveAgain } from './give-again.ts'

const TEXTS = strings.revoke

export function RevokeDialog({ grant, onClose }: { readonly grant: Grant; readonly onClose: () => void }): JSX.Element {
  const people = usePeople()
  const things = useThings()
  const [reason, setReason] = useState('')
  const revoke = useAction('grants.revoke', ['grants', 'activity'])
  const giveAgain = useGiveAgain()
  const isMine = grant.delegate === people.me
  const who = people.called(grant.delegate)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const words = reason.trim()
    const answer = await revoke.run({ id: grant.id, ...(words === '' ? {} : { reason: words }) })
    if (!answer.ok) return
    const again = sameAgain(grant, people.me, Date.now())
    const undo = again && { label: TEXTS.undo, onUndo: () => void giveAgain(again, who) }
    announce(isMine ? TEXTS.doneGiveBack : TEXTS.done(who), undo)
    onClose()
  }
  return (
    <Dialog title={isMine ? TEXTS.titleGiveBack : TEXTS.title(who)} role="alertdialog" onClose={onClose}>
      <form class="dialog-body" onSubmit={(event) => void submit(event)}>
        <p class="grant-sentence">{sentenceOf(grant, people, things)}</p>
        <Below id={grant.id} />
        <p class="aside">{TEXTS.at}</p>
        <Field label={TEXTS.reason} name="reason" problem={revoke.problem}>
          {(attributes) => (
            <input
              {...attributes}
              type="text"
              maxLength={200}
              value={reason}
              onInput={({ currentTarget }) => setReason(currentTarget.value)}
            />
          )}
        </Field>
        <Problem problem={revoke.problem} />
        <DialogEnd onClose={onClose}>
          <button type="submit" class="button danger primary" disabled={revoke.isBusy}>
            {isMine ? TEXTS.actionGiveBack : TEXTS.action}
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  )
}

/** Grants that end too; only those that the person may read. */
function Below({ id }: { readonly id: string }): JSX.Element {
  const below = useCall('grants.below', { id })
  const people = usePeople()
  const things = useThings()
  if (below.state === 'loading') return <p class="aside">{TEXTS.belowLoading}</p>
  if (below.state === 'failed') return <p class="notice">{TEXTS.belowUnknown}</p>
  const { items } = below.value
  return (
    <div class={items.length > 0 ? 'notice notice-bad' : 'notice'}>
      <p>{TEXTS.below(items.length)}</p>
      {items.length > 0 && (
        <ul class="below">
          {items.map((grant) => (
            <li key={grant.id}>{sentenceOf(grant, people, things)}</li>
          ))}
        </ul>
      )}
    </div>
  )
}

/**
 * Dialog to remove a contact; its grants remain.
 *
 * @module
 */
import type { Grant } from '@mandate/protocol'
import type { JSX } from 'preact'
import type { Contact } from '../../../../src/shared/views.ts'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { sentenceOf } from '../../store/grants.ts'
import { useAction } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { addressOf } from '../../store/route.ts'
import { strings } from '../../strings.ts'
import { between } from './between.ts'

const TEXTS = strings.contacts

export function RemoveDialog(props: { contact: Contact; grants: readonly Grant[]; onClose: () => void }): JSX.Element {
  const { contact, grants, onClose } = props
  const { party, name } = contact
  const people = usePeople()
  const things = useThings()
  const remove = useAction('contacts.remove', ['contacts'])
  const { theirs, mine } = between(people.me, party, grants)
  const going = [...theirs, ...mine]
  const submit = async (): Promise<void> => {
    const answer = await remove.run({ party })
    if (!answer.ok) return
    announce(TEXTS.removed(name))
    onClose()
  }
  return (
    <Dialog title={TEXTS.removeTitle(name)} role="alertdialog" onClose={onClose}>
      <div class="dialog-body">
        {going.length === 0 ? (
          <p>{TEXTS.removeNothing}</p>
        ) : (
          <div class="notice">
            <p>{TEXTS.removeKeeps}</p>
            <ul class="below">
              {going.map((grant) => (
                <li key={grant.id}>{sentenceOf(grant, people, things)}</li>
              ))}
            </ul>
            <p>
              <a href={addressOf('sharing')}>{TEXTS.removeHow}</a>
            </p>
          </div>
        )}
        <Problem problem={remove.problem} />
        <DialogEnd onClose={onClose}>
          <button type="button" class="button danger primary" disabled={remove.isBusy} onClick={() => void submit()}>
            {TEXTS.removeAction}
          </button>
        </DialogEnd>
      </div>
    </Dialog>
  )
}

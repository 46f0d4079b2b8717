/**
 * Dialog to confirm a redeemer by comparing a fingerprint by voice. The grant starts only then.
 *
 * @module
 */
import type { Invitation } from '@mandate/protocol'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog } from '../../parts/dialog.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAction } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { NameField } from './edit-dialog.tsx'
import { giftSentence } from './gift.ts'
import { PartyNumber } from './number.tsx'

const TEXTS = strings.confirmation

export function ConfirmDialog(props: { invitation: Invitation; onClose: () => void }): JSX.Element {
  const { invitation, onClose } = props
  const { id, redeemer = '' } = invitation
  const people = usePeople()
  const [name, setName] = useState(people.nameOf(redeemer) ?? '')
  const confirm = useAction('invitations.confirm', ['invitations', 'grants', 'activity'])
  const withdraw = useAction('invitations.withdraw', ['invitations'])
  const isBusy = confirm.isBusy || withdraw.isBusy
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const called = name.trim()
    const answer = await confirm.run({ id, redeemer, name: called })
    if (!answer.ok) return
    announce(invitation.grant ? TEXTS.confirmedWith(called) : TEXTS.confirmed(called))
    onClose()
  }
  const refuse = async (): Promise<void> => {
    const answer = await withdraw.run({ id })
    if (!answer.ok) return
    announce(TEXTS.refused)
    onClose()
  }
  return (
    <Dialog title={TEXTS.title} onClose={onClose}>
      <form class="dialog-body" onSubmit={(event) => void submit(event)}>
        <PartyNumber party={redeemer} label={strings.contacts.theirNumber} />
        <ol class="steps">
          {TEXTS.steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
        <p class="aside">{strings.contacts.numberWhy}</p>
        <NameField
          label={TEXTS.name}
          help={strings.contacts.nameHelp}
          value={name}
          problem={confirm.problem}
          onType={setName}
        />
        <Starts invitation={invitation} called={name.trim()} />
        <Problem problem={confirm.problem ?? withdraw.problem} />
        <div class="dialog-end">
          <button type="button" class="button danger" disabled={isBusy} onClick={() => void refuse()}>
            {TEXTS.other}
          </button>
          <button type="submit" class="button primary" disabled={isBusy || name.trim() === ''}>
            {TEXTS.action}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

function Starts({ invitation, called }: { readonly invitation: Invitation; readonly called: string }): JSX.Element {
  const people = usePeople()
  const things = useThings()
  const { grant } = invitation
  if (!grant) return <p class="notice">{TEXTS.nothing}</p>
  return (
    <div class="preview">
      <h3>{TEXTS.starts}</h3>
      <p class="grant-sentence">{giftSentence(grant, called, people, things)}</p>
      <p class="grant-terms">{strings.grant.stop}</p>
    </div>
  )
}

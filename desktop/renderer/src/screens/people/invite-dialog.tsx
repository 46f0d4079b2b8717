/**
 * Dialog to make an invitation; shows the code once.
 *
 * @module
 */
import type { Domain, Invitation } from '@mandate/protocol'
import { minuteOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import type { Input } from '../../../../src/shared/channel.ts'
import { linkOfInvitation } from '../../../../src/shared/invitation-link.ts'
import { Copied } from '../../parts/copy.tsx'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Choice } from '../../parts/field.tsx'
import { Problem } from '../../parts/states.tsx'
import { useDomainOf } from '../../store/domains.tsx'
import { useAction, useAround, useCall } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { firstTerms, requestOf, type Terms } from '../sharing/terms.ts'
import { TermsFields } from '../sharing/terms-fields.tsx'
import { giftSentence, SOMEBODY } from './gift.ts'

const TEXTS = strings.invite
const CURRENCY = 'EUR'
type Purpose = 'know' | 'grant'
type Gift = NonNullable<Input<'invitations.create'>['grant']>

export function InviteDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [made, setMade] = useState<Invitation>()
  return (
    <Dialog title={made ? TEXTS.shownOnce : TEXTS.title} onClose={onClose}>
      {made ? <Made invitation={made} onClose={onClose} /> : <Form onMade={setMade} onClose={onClose} />}
    </Dialog>
  )
}

function Form(props: { onMade: (made: Invitation) => void; onClose: () => void }): JSX.Element {
  const { onMade, onClose } = props
  const domainOf = useDomainOf()
  const [purpose, setPurpose] = useState<Purpose>('know')
  const [terms, setTerms] = useState<Terms>(() => firstTerms(SOMEBODY, undefined, undefined, domainOf(undefined)))
  const domain = domainOf(terms.scope)
  const gift = useGift(terms, domain)
  const create = useAction('invitations.create', ['invitations'])
  const isMissing = purpose === 'grant' && !gift
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const answer = await create.run(purpose === 'grant' && gift ? { grant: gift } : {})
    if (answer.ok) onMade(answer.value)
  }
  return (
    <form class="dialog-body" onSubmit={(event) => void submit(event)}>
      <Choice
        legend={TEXTS.purpose}
        name="purpose"
        options={(['know', 'grant'] as const).map((value) => ({ value, label: TEXTS.purposes[value] }))}
        value={purpose}
        onChoose={setPurpose}
      />
      {purpose === 'grant' && (
        <TermsFields
          terms={terms}
          parent={undefined}
          domain={domain}
          currency={CURRENCY}
          problem={create.problem}
          isWithoutWho
          onChange={setTerms}
        />
      )}
      <Means gift={purpose === 'grant' ? gift : 'none'} />
      <Problem problem={create.problem} />
      <DialogEnd onClose={onClose}>
        <button type="submit" class="button primary" disabled={create.isBusy || isMissing}>
          {create.isBusy ? strings.saving : TEXTS.create}
        </button>
      </DialogEnd>
    </form>
  )
}

/** The grant of the invitation, in the persona that the thing was created under. */
function useGift(terms: Terms, domain: Domain | undefined): Gift | undefined {
  const { session } = useAround()
  const trips = useCall('trips.list')
  const [opened] = useState(() => Date.now())
  const known = trips.state === 'there' ? trips.value.items : []
  const trip = known.find(({ id }) => terms.scope === `workflow:${id}`)
  const persona = trip?.owner_persona ?? session.persona
  return useMemo(() => {
    const request = requestOf(terms, { persona, parent: undefined, currency: CURRENCY, now: opened, domain })
    if (!request) return undefined
    const { delegate: _, ...gift } = request
    return gift
  }, [terms, persona, opened, domain])
}

function Means({ gift }: { readonly gift: Gift | 'none' | undefined }): JSX.Element {
  const people = usePeople()
  const things = useThings()
  return (
    <section class="preview" aria-live="polite">
      <h3>{TEXTS.means}</h3>
      {gift === 'none' && <p>{TEXTS.knowHelp}</p>}
      {gift === undefined && <p class="aside">{TEXTS.missing}</p>}
      {gift !== 'none' && gift !== undefined && <p class="grant-sentence">{giftSentence(gift, '', people, things)}</p>}
      <p class="grant-terms">{gift === 'none' ? TEXTS.meansKnow : TEXTS.starts}</p>
    </section>
  )
}

function Made({ invitation, onClose }: { readonly invitation: Invitation; readonly onClose: () => void }): JSX.Element {
  const { code = '', expires_at: until } = invitation
  return (
    <div class="dialog-body">
      <p>{TEXTS.shownWhy}</p>
      <Copied
        text={code}
        label={TEXTS.code}
        action={TEXTS.copyCode}
        done={TEXTS.copied}
        failed={TEXTS.notCopied}
        look="big"
      />
      <Copied
        text={linkOfInvitation(code)}
        label={TEXTS.link}
        action={TEXTS.copyLink}
        done={TEXTS.copied}
        failed={TEXTS.notCopied}
      />
      <p>
        <strong>{TEXTS.expires(minuteOf(until))}</strong>
      </p>
      <div>
        <h3 class="small-title">{TEXTS.next}</h3>
        <ol class="steps">
          {TEXTS.steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </div>
      <div class="dialog-end">
        <button type="button" class="button primary" onClick={onClose}>
          {TEXTS.done}
        </button>
      </div>
    </div>
  )
}

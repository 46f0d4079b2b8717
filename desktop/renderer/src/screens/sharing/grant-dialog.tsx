/**
 * Grant dialog with a preview.
 *
 * @module
 */
import type { Domain, Grant } from '@mandate/protocol'
import { minuteOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { actsOn, useDomainOf } from '../../store/domains.tsx'
import { useAction, useAround, useCall } from '../../store/hooks.tsx'
import { useHeldPersonas } from '../../store/own.ts'
import { usePeople } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { Preview } from './preview.tsx'
import { firstTerms, requestOf, type Terms } from './terms.ts'
import { TermsFields } from './terms-fields.tsx'

const TEXTS = strings.grant
/** Debounce of the preview, in milliseconds. */
const REST_MS = 250

interface GrantDialogProps {
  readonly who?: string | undefined
  readonly scope?: string | undefined
  /** The grant that is passed on; absent: the person grants on their own things. */
  readonly parent?: Grant
  readonly currency?: string | undefined
  readonly onClose: () => void
}

export function GrantDialog(props: GrantDialogProps): JSX.Element {
  const { parent, currency = 'EUR', onClose } = props
  const people = usePeople()
  const [opened] = useState(() => Date.now())
  const domainOf = useDomainOf()
  const first = parent?.scope ?? props.scope
  const [terms, setTerms] = useState<Terms>(() => firstTerms(props.who, props.scope, parent, domainOf(first)))
  const domain = domainOf(terms.scope)
  const persona = usePersona(terms.scope, domain, parent)
  const request = useMemo(
    () => requestOf(terms, { persona, parent, currency, now: opened, domain }),
    [terms, persona, parent, currency, opened, domain],
  )
  const issue = useAction('grants.issue', ['grants', 'activity'])
  const [isAllowed, setAllowed] = useState(false)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (!request) return
    const answer = await issue.run(request)
    if (!answer.ok) return
    const who = people.called(request.delegate)
    announce(parent ? TEXTS.passedOn(who) : strings.capital(TEXTS.given(who)))
    onClose()
  }
  return (
    <Dialog title={parent ? TEXTS.titlePassOn : TEXTS.title} onClose={onClose}>
      <form class="dialog-body" onSubmit={(event) => void submit(event)}>
        {parent && <p class="aside">{TEXTS.holdOnly(actsOn(parent.actions, domain), minuteOf(parent.expires_at))}</p>}
        <TermsFields
          terms={terms}
          parent={parent}
          domain={domain}
          currency={currency}
          problem={issue.problem}
          onChange={setTerms}
        />
        <Preview request={useRested(request)} onKnown={setAllowed} />
        <Problem problem={issue.problem} />
        <DialogEnd onClose={onClose}>
          <button type="submit" class="button primary" disabled={issue.isBusy || !request || !isAllowed}>
            {issue.isBusy ? strings.saving : TEXTS.give}
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  )
}

/** The persona that the grant is given in: that of the resource's creation where it is known, else the first held one of the domain. */
function usePersona(
  scope: string | undefined,
  domain: Domain | undefined,
  parent: Grant | undefined,
): string | undefined {
  const { session } = useAround()
  const trips = useCall('trips.list')
  const held = useHeldPersonas()
  if (parent) return parent.delegate_persona?.includes('/') ? parent.delegate_persona : session.persona
  const known = trips.state === 'there' ? trips.value.items : []
  const creator = known.find(({ id }) => scope === `workflow:${id}`)?.owner_persona
  const ofDomain = held.find((persona) => domain && Object.hasOwn(domain.titles, persona.split('/')[0] ?? ''))
  return creator ?? ofDomain ?? session.persona
}

/** Debounces a value; the first is returned at once. */
function useRested<T>(value: T): T {
  const [rested, setRested] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), REST_MS)
    return () => clearTimeout(timer)
  }, [value])
  return rested
}

/**
 * Form fields for the terms of a grant.
 *
 * @module
 */
import type { Domain, Grant } from '@mandate/protocol'
import { type Domains, domainOfScope, Party } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { ProblemView } from '../../../../src/shared/views.ts'
import { Choice, Field } from '../../parts/field.tsx'
import { InstantField } from '../../parts/instant-field.tsx'
import { ownedDomains, verbOf } from '../../store/domains.tsx'
import { useAround } from '../../store/hooks.tsx'
import { useHeldPersonas, useOwnThings } from '../../store/own.ts'
import { usePeople, useThings } from '../../store/people.ts'
import { addressOf } from '../../store/route.ts'
import { strings } from '../../strings.ts'
import {
  actionsFor,
  firstTerms,
  isLimited,
  moneyAttributeOf,
  priceOf,
  type Span,
  type Terms,
  withImplied,
} from './terms.ts'

const TEXTS = strings.grant

interface TermsFieldsProps {
  readonly terms: Terms
  readonly parent: Grant | undefined
  /** The domain of the scope. */
  readonly domain: Domain | undefined
  readonly currency: string
  readonly problem: ProblemView | undefined
  /** Leaves out the choice of a delegate: an invitation's redeemer is unknown yet. */
  readonly isWithoutWho?: boolean
  readonly onChange: (terms: Terms) => void
}

export function TermsFields(props: TermsFieldsProps): JSX.Element {
  const { terms, parent, problem, domain, isWithoutWho = false } = props
  return (
    <>
      {!isWithoutWho && <Who {...props} />}
      {!parent && <On {...props} />}
      <What {...props} />
      <HowLong {...props} />
      <details class="more-terms" open={problem?.field === 'limits'}>
        <summary>{TEXTS.more}</summary>
        <Passing {...props} />
        {isLimited(terms.actions, domain) && moneyAttributeOf(domain) !== undefined && <Price {...props} />}
      </details>
    </>
  )
}

function Who({ terms, parent, onChange }: TermsFieldsProps): JSX.Element {
  const { contacts, agents } = usePeople()
  const parties = [
    ...contacts.map(({ party, name }) => ({ party, name })),
    ...agents.map(({ id, title }) => ({ party: `agent:${id}`, name: title })),
  ].filter(({ party }) => party !== parent?.delegator && party !== parent?.owner)
  const options = parties.map(({ party, name }) => ({ value: party, label: <Party party={party} name={name} /> }))
  return (
    <div>
      <Choice
        legend={TEXTS.who}
        name="who"
        options={options}
        value={terms.who}
        onChoose={(who) => onChange({ ...terms, who })}
      />
      {contacts.length === 0 && (
        <p class="field-help">
          {TEXTS.nobody} <a href={addressOf('people')}>{strings.nav.people}</a>
        </p>
      )}
    </div>
  )
}

function On({ terms, problem, onChange }: TermsFieldsProps): JSX.Element {
  const things = useThings()
  const { labels } = useAround()
  // A service may know the name of a thing only after it registered it: names that were missing are asked for again.
  useEffect(() => labels.retry(), [labels])
  const owned = ownedDomains(useHeldPersonas(), things.domains)
  const scopes = [...useOwnThings(), ...owned.map(({ domain }) => `all:${domain}`)]
  const known = terms.scope === undefined || scopes.includes(terms.scope) ? scopes : [terms.scope, ...scopes]
  return (
    <Field label={TEXTS.on} name="scope" problem={problem}>
      {(attributes) => (
        <select
          {...attributes}
          value={terms.scope ?? ''}
          onChange={({ currentTarget }) => onChange(withScope(terms, currentTarget.value || undefined, things.domains))}
        >
          {terms.scope === undefined && <option value="">{TEXTS.choose}</option>}
          {known.map((scope) => (
            <option key={scope} value={scope}>
              {strings.capital(things.nameOf(scope))}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

/** Another scope. Actions that its domain does not have give way to the first choices of that domain. */
function withScope(terms: Terms, scope: string | undefined, domains: Domains): Terms {
  const before = domainOfScope(terms.scope, domains)
  const domain = domainOfScope(scope, domains)
  if (before === domain || !domain) return { ...terms, scope }
  return { ...terms, scope, actions: firstTerms(terms.who, scope, undefined, domain).actions }
}

function What({ terms, parent, domain, onChange }: TermsFieldsProps): JSX.Element {
  const offered = actionsFor(terms.scope, parent, domain)
  const toggle = (action: string, isOn: boolean): void => {
    const others = terms.actions.filter((one) => one !== action)
    const chosen = isOn ? [...others, ...withImplied(action, domain)] : others
    onChange({ ...terms, actions: offered.filter((one) => chosen.includes(one)) })
  }
  return (
    <fieldset class="choice-field">
      <legend>{TEXTS.what}</legend>
      <div class="choices">
        {offered.map((action) => {
          const isImplied = terms.actions.some((one) => one !== action && withImplied(one, domain).includes(action))
          return (
            <label key={action} class="option">
              <input
                type="checkbox"
                checked={terms.actions.includes(action)}
                disabled={isImplied}
                onChange={({ currentTarget }) => toggle(action, currentTarget.checked)}
              />
              <span>{domain?.actions[action]?.label ?? verbOf(action, domain)}</span>
            </label>
          )
        })}
      </div>
    </fieldset>
  )
}

function HowLong({ terms, parent, problem, onChange }: TermsFieldsProps): JSX.Element {
  const spans: readonly Span[] = parent ? ['day', 'mine', 'own'] : ['day', 'week', 'month', 'own']
  return (
    <div class="how-long">
      <Choice
        legend={TEXTS.howLong}
        name="span"
        options={spans.map((value) => ({ value, label: TEXTS.spans[value] }))}
        value={terms.span}
        onChoose={(span) => onChange({ ...terms, span })}
      />
      {terms.span === 'own' && (
        <InstantField
          label={TEXTS.date}
          name="expires_at"
          problem={problem}
          value={terms.until}
          onChange={(until) => onChange({ ...terms, until })}
        />
      )}
    </div>
  )
}

function Passing({ terms, parent, onChange }: TermsFieldsProps): JSX.Element | null {
  if (terms.who?.startsWith('agent:')) return <p class="field-help">{TEXTS.agentsPassNothing}</p>
  const most = parent ? parent.redelegations - 1 : TEXTS.passings.length - 1
  if (most < 1) return <p class="field-help">{TEXTS.noMorePassing}</p>
  return (
    <Choice
      legend={TEXTS.passing}
      name="passing"
      options={TEXTS.passings.slice(0, most + 1).map((label, times) => ({ value: String(times), label }))}
      value={String(terms.redelegations)}
      onChoose={(times) => onChange({ ...terms, redelegations: Number(times) })}
    />
  )
}

function Price({ terms, currency, problem, domain, onChange }: TermsFieldsProps): JSX.Element {
  const price = priceOf(terms, currency, domain)
  const wrong = price && !price.ok ? strings.amountWrong(price.objection, currency) : undefined
  const shown = wrong === undefined ? problem : { code: 'invalid', title: wrong, field: 'limits' }
  return (
    <Field label={`${TEXTS.price} (${currency})`} help={TEXTS.priceHelp} name="limits" problem={shown}>
      {(attributes) => (
        <input
          {...attributes}
          type="text"
          inputMode="decimal"
          value={terms.price}
          onInput={({ currentTarget }) => onChange({ ...terms, price: currentTarget.value })}
        />
      )}
    </Field>
  )
}

/**
 * The choices of the grant dialog, and the request made of them. Pure.
 *
 * @module
 */
import { type AmountRead, type Domain, type EpochMillis, type Grant, parseAmount } from '@mandate/protocol'
import type { Input } from '../../../../src/shared/channel.ts'
import { actionsOf } from '../../store/domains.tsx'

export type Span = 'day' | 'week' | 'month' | 'own' | 'mine'

export interface Terms {
  readonly who: string | undefined
  readonly scope: string | undefined
  readonly actions: readonly string[]
  readonly span: Span
  /** The end, for the span `own`. */
  readonly until: string | undefined
  readonly redelegations: number
  /** As typed, in major units of the currency; empty: no limit. */
  readonly price: string
}

const DAY_MS = 86_400_000
const DAYS: Readonly<Record<'day' | 'week' | 'month', number>> = { day: 1, week: 7, month: 30 }
const MINUTE_MS = 60_000

/** The actions that can be given, in the order shown. Actions on an account need a scope of everything. */
export function actionsFor(
  scope: string | undefined,
  parent: Grant | undefined,
  domain: Domain | undefined,
): readonly string[] {
  const isAll = scope?.startsWith('all:') ?? false
  const all = actionsOf(domain).filter((action) => isAll || domain?.actions[action]?.on === 'resource')
  if (!parent) return all
  return domain ? all.filter((action) => parent.actions.includes(action)) : parent.actions
}

/** An action with those that it implies. */
export const withImplied = (action: string, domain: Domain | undefined): readonly string[] => [
  action,
  ...(domain?.actions[action]?.implies ?? []),
]

/** Whether a limit would bind any of the actions. */
export const isLimited = (actions: readonly string[], domain: Domain | undefined): boolean =>
  actions.some((action) => domain?.actions[action]?.limited)

/** The attribute that the amount field of a grant limits: the first of type money that a gate bounds. */
export function moneyAttributeOf(domain: Domain | undefined): string | undefined {
  const bounded = domain?.gates.map(({ attribute }) => attribute)
  return bounded?.find((name) => name !== undefined && domain?.attributes[name]?.type === 'money')
}

/** The first choices: actions with limits and those that they imply, for a week; of a grant that is passed on, for a day and not further. */
export function firstTerms(
  who: string | undefined,
  scope: string | undefined,
  parent: Grant | undefined,
  domain: Domain | undefined,
): Terms {
  const offered = actionsFor(parent?.scope ?? scope, parent, domain)
  const limited = offered.filter((action) => isLimited([action], domain))
  const wanted = limited.length > 0 ? limited.flatMap((action) => withImplied(action, domain)) : offered.slice(0, 1)
  const actions = offered.filter((action) => wanted.includes(action))
  return {
    who,
    scope: parent?.scope ?? scope,
    actions,
    span: parent ? 'day' : 'week',
    until: undefined,
    redelegations: 0,
    price: '',
  }
}

/** The end of a span, rounded down to the minute, and never after the end of the parent. */
export function untilOf(
  { span, until }: Pick<Terms, 'span' | 'until'>,
  parent: Grant | undefined,
  now: EpochMillis,
): string | undefined {
  if (span === 'own') return until
  if (span === 'mine') return parent?.expires_at
  const ends = Math.floor((now + DAYS[span] * DAY_MS) / MINUTE_MS) * MINUTE_MS
  if (parent && Date.parse(parent.expires_at) < ends) return parent.expires_at
  return new Date(ends).toISOString()
}

export interface Giver {
  /** `title/circle` of the giver. */
  readonly persona: string | undefined
  readonly parent: Grant | undefined
  /** Currency of the price limit. */
  readonly currency: string
  readonly now: EpochMillis
  /** The domain of the scope. */
  readonly domain: Domain | undefined
}

/** The price limit as typed; `undefined` where none is set, or where no chosen action is limited. */
export function priceOf(
  { price, actions }: Pick<Terms, 'price' | 'actions'>,
  currency: string,
  domain: Domain | undefined,
): AmountRead | undefined {
  return price.trim() === '' || !isLimited(actions, domain) ? undefined : parseAmount(price, currency)
}

/** `undefined` while a choice is missing, or the price limit is malformed: a malformed limit is never left out. */
export function requestOf(terms: Terms, giver: Giver): Input<'grants.issue'> | undefined {
  const { persona, parent, currency, now, domain } = giver
  const { who, scope, actions, redelegations } = terms
  const until = untilOf(terms, parent, now)
  if (who === undefined || scope === undefined || until === undefined || actions.length === 0) return undefined
  const price = priceOf(terms, currency, domain)
  const attribute = moneyAttributeOf(domain)
  if (price && !price.ok) return undefined
  return {
    delegate: who,
    scope,
    actions: [...actions],
    expires_at: until,
    redelegations: who.startsWith('agent:') ? 0 : redelegations,
    ...(persona === undefined ? {} : { delegator_persona: persona }),
    ...(parent ? { parent: parent.id } : {}),
    ...(price && attribute !== undefined ? { limits: [{ attribute, at_most: price.value, currency }] } : {}),
  }
}

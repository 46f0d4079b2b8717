/**
 * What is chosen in the grant dialog, and the request that it makes. Pure.
 *
 * @module
 */
import { type AmountRead, type EpochMillis, type Grant, parseAmount } from '@mandate/protocol'
import type { Input } from '../../../../src/shared/channel.ts'

export type Span = 'day' | 'week' | 'month' | 'own' | 'mine'

export interface Terms {
  readonly who: string | undefined
  readonly scope: string | undefined
  readonly actions: readonly string[]
  readonly span: Span
  /** The instant, where the span is `own`. */
  readonly until: string | undefined
  readonly redelegations: number
  /** As typed, in the currency's own unit; empty: no limit. */
  readonly price: string
}

const DAY_MS = 86_400_000
const DAYS: Readonly<Record<'day' | 'week' | 'month', number>> = { day: 1, week: 7, month: 30 }
const MINUTE_MS = 60_000

/** What of a domain can be given, in the order shown. `create` is of the owner's account, so it goes with everything of theirs only. */
export function actionsFor(scope: string | undefined, parent: Grant | undefined): readonly string[] {
  const all = scope?.startsWith('all:') ? ['read', 'execute', 'update', 'create'] : ['read', 'execute', 'update']
  return parent ? all.filter((action) => parent.actions.includes(action)) : all
}

/** Sane before anything is chosen: to see and to book, for a week; what is passed on, for a day and no further. */
export function firstTerms(who: string | undefined, scope: string | undefined, parent: Grant | undefined): Terms {
  const actions = actionsFor(parent?.scope ?? scope, parent).filter(
    (action) => action === 'read' || action === 'execute',
  )
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

/** The instant that a span leads to, to the minute, and never behind the end of what is passed on. */
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
  /** `title/circle` that it is given in. */
  readonly persona: string | undefined
  readonly parent: Grant | undefined
  /** Of the price limit. */
  readonly currency: string
  readonly now: EpochMillis
}

/** The price limit as typed; `undefined` where none is set, or where nothing is booked that it could bind. */
export function priceOf(
  { price, actions }: Pick<Terms, 'price' | 'actions'>,
  currency: string,
): AmountRead | undefined {
  return price.trim() === '' || !actions.includes('execute') ? undefined : parseAmount(price, currency)
}

/** `undefined` as long as something is missing, or the price limit is no amount: a limit that cannot be read is never left out. */
export function requestOf(terms: Terms, { persona, parent, currency, now }: Giver): Input<'grants.issue'> | undefined {
  const { who, scope, actions, redelegations } = terms
  const until = untilOf(terms, parent, now)
  if (who === undefined || scope === undefined || until === undefined || actions.length === 0) return undefined
  const price = priceOf(terms, currency)
  if (price && !price.ok) return undefined
  return {
    delegate: who,
    scope,
    actions: [...actions],
    expires_at: until,
    redelegations: who.startsWith('agent:') ? 0 : redelegations,
    ...(persona === undefined ? {} : { delegator_persona: persona }),
    ...(parent ? { parent: parent.id } : {}),
    ...(price ? { limits: [{ attribute: 'planned_price', at_most: price.value, currency }] } : {}),
  }
}

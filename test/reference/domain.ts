/**
 * The travel domain as the rules speak of it: written down anew, so that a slip in its manifest is found too.
 *
 * @module
 */
import type { TravelCode } from './codes.ts'

const ALL = ['read', 'create', 'update', 'execute']

/** F2: who may take a title, what it may do in its own right, and what by grant. */
export const TITLES: Readonly<
  Record<string, { readonly self: boolean; readonly own: readonly string[]; readonly byGrant: readonly string[] }>
> = {
  visitor: { self: true, own: ['read'], byGrant: ['read'] },
  traveler: { self: true, own: ALL, byGrant: ALL },
  'business-traveler': { self: true, own: ALL, byGrant: ALL },
  'travel-agent': { self: false, own: [], byGrant: ALL },
  'office-manager': { self: false, own: [], byGrant: ['read', 'create', 'update'] },
  'booking-assistant': { self: false, own: [], byGrant: ['read', 'execute'] },
}

export const ACTIONS: readonly string[] = ALL
export const ALL_OF_THE_OWNERS = 'all:travel'
const ACCOUNT = 'travel_account'

/** The only action that spends: gates and the limits of grants bind it alone. */
export const isLimited = (action: string): boolean => action === 'execute'

/** B3: `create` is asked of an account, and nothing else is. */
export const isAccount = (ref: string): boolean => ref.startsWith(`${ACCOUNT}:`)
export const accountHolder = (ref: string): string => `user:${ref.slice(ACCOUNT.length + 1)}`

/** C5: `execute` implies `read`. */
export const covers = (actions: readonly string[], action: string): boolean =>
  actions.includes(action) || (action === 'read' && actions.includes('execute'))

export type Kind = 'money' | 'instant' | 'integer'
export const ATTRIBUTES: Readonly<Record<string, Kind>> = {
  planned_price: 'money',
  starts_at: 'instant',
  risk: 'integer',
}

export interface Gate {
  readonly name: string
  readonly attribute: string
  readonly code: TravelCode
}

/** F4: the gates with a setting of their own, in the manifest's order. Consent stands before them. */
export const GATES: readonly Gate[] = [
  { name: 'price', attribute: 'planned_price', code: 'price_above_limit' },
  { name: 'lead_time', attribute: 'starts_at', code: 'lead_time_too_short' },
  { name: 'risk', attribute: 'risk', code: 'risk_above_limit' },
]

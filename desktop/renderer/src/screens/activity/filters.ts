/**
 * Filters of the activity, in the URL and as a query. The URL has ids of agents, things and grants, and local days, but no ids of people. Pure.
 *
 * @module
 */
import { decisionQuerySchema, ENTRY_KINDS, entryMatches, idObjection, type LoggedEntry } from '@mandate/protocol'
import type { Input } from '../../../../src/shared/channel.ts'
import { addressOf } from '../../store/route.ts'

export interface Filters {
  /** `me`, or an agent: `agent:<id>`. */
  readonly who?: string
  readonly answer?: string
  readonly kind?: string
  readonly action?: string
  /** `type:id`: the resource and everything below it. */
  readonly thing?: string
  readonly grant?: string
  /** `2026-11-22`, local time; both days are included. */
  readonly from?: string
  readonly to?: string
  /** `shown`: include the person's own reads. Applied in the window, not sent. */
  readonly looks?: string
}
export type FilterName = keyof Filters

const ID = /^[\w.-]{1,128}$/u
/** A type with its colon; the id may be any text. */
const TYPE = /^[a-z][a-z0-9_-]*:/u
const isAny = (id: string): boolean => idObjection(id) === undefined
const DAY = /^\d{4}-\d\d-\d\d$/u

/** Validates values of the URL; others are ignored. */
const ALLOWED: Readonly<Record<FilterName, (value: string) => boolean>> = {
  who: (value) => value === 'me' || (value.startsWith('agent:') && isAny(value.slice('agent:'.length))),
  answer: (value) => value === 'permit' || value === 'deny',
  kind: (value) => ENTRY_KINDS.some((kind) => kind === value),
  action: (value) => ID.test(value),
  thing: (value) => TYPE.test(value) && isAny(value.replace(TYPE, '')) && !value.startsWith('user:'),
  grant: (value) => ID.test(value),
  from: (value) => DAY.test(value) && dayOf(value) !== undefined,
  to: (value) => DAY.test(value) && dayOf(value) !== undefined,
  looks: (value) => value === 'shown',
}
const NAMES = Object.keys(ALLOWED) as readonly FilterName[]

export function filtersOf(hash: string): Filters {
  const parameters = new URLSearchParams(hash.split('?')[1] ?? '')
  const entries = NAMES.flatMap((name) => {
    const value = parameters.get(name)
    return value !== null && ALLOWED[name](value) ? [[name, value]] : []
  })
  return Object.fromEntries(entries)
}

/** URL of the activity, or of one entry, with filters in a fixed order. */
export function activityAddress(filters: Filters, id?: string): string {
  const parameters = new URLSearchParams()
  for (const name of NAMES) {
    const value = filters[name]
    if (value) parameters.set(name, value)
  }
  const query = parameters.toString()
  return `${addressOf('activity', id)}${query === '' ? '' : `?${query}`}`
}

/** Number of filters that restrict the list. */
export const countOf = (filters: Filters): number => NAMES.filter((name) => name !== 'looks' && filters[name]).length

/** Local midnight at the start of a day, `later` days after. */
function dayOf(day: string, later = 0): Date | undefined {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number)
  const at = new Date(year, month - 1, date)
  if (at.getMonth() !== month - 1 || at.getDate() !== date) return undefined
  return later === 0 ? at : new Date(year, month - 1, date + later)
}

type Query = NonNullable<Input<'activity.list'>>

/** The query for filters. @param me - The person's pseudonym; without it `who: me` is ignored. */
export function queryOf(filters: Filters, me: string | undefined): Query {
  const { who, answer, kind, action, thing, grant, from, to } = filters
  const first = from === undefined ? undefined : dayOf(from)
  const last = to === undefined ? undefined : dayOf(to, 1)
  return {
    ...(who === 'me' && me !== undefined ? { subject: me } : {}),
    ...(who?.startsWith('agent:') ? { actor: who } : {}),
    ...(answer === 'permit' || answer === 'deny' ? { decision: answer } : {}),
    ...(kind === undefined ? {} : { kind: kind as LoggedEntry['kind'] }),
    ...(action === undefined ? {} : { action }),
    ...(thing === undefined ? {} : { under: thing }),
    ...(grant === undefined ? {} : { grant }),
    ...(first ? { from: first.toISOString() } : {}),
    ...(last ? { to: last.toISOString() } : {}),
  }
}

/** Whether a new entry matches the query. */
export function isAsked(entry: LoggedEntry, query: Query): boolean {
  const { limit: _limit, cursor: _cursor, ...filter } = decisionQuerySchema.parse(query)
  return entryMatches(entry, filter)
}

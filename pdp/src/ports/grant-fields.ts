/**
 * A grant's fields, each in one line: its name and form in the relationship store, whether the log has it, whether two equal grants agree in it. What
 * stores, logs or compares grants goes through this table, and a field that is missing here does not compile. Pure.
 *
 * @module
 */
import type { GrantBody } from './grants.ts'
import { scopeName, scopeOf } from './stored-names.ts'

/** How a value is written in the relationship store. A `name` is a text that is never empty. */
type Form = 'name' | 'text' | 'texts' | 'bounds' | 'number' | 'flag' | 'instant' | 'scope'

interface Field {
  /** Its name among the terms that the relationship store keeps with a grant; the id is the tuple's own. */
  readonly term?: string
  readonly form: Form
  /** Its name in an entry of the log. What is empty is left out there. */
  readonly logged?: string
  /** Two grants that agree in all such fields give the same thing to the same delegate (rule C6). */
  readonly compared?: true
}

/** In the order of a log entry. */
const FIELDS: { readonly [K in keyof GrantBody]-?: Field } = {
  id: { form: 'name' },
  delegator: { term: 'delegator', form: 'name', logged: 'delegator', compared: true },
  delegate: { term: 'delegate', form: 'name', logged: 'delegate', compared: true },
  asks: { term: 'asks', form: 'text', logged: 'delegate_persona', compared: true },
  owner: { term: 'owner', form: 'name' },
  delegatorPersona: { term: 'delegator_persona', form: 'text', compared: true },
  actions: { term: 'actions', form: 'texts', logged: 'actions', compared: true },
  scope: { term: 'scope', form: 'scope', compared: true },
  covers: { term: 'covers', form: 'name', logged: 'scope' },
  expiresAt: { term: 'expires_at', form: 'instant', logged: 'expires_at' },
  redelegations: { term: 'redelegations', form: 'number', logged: 'redelegations', compared: true },
  unattended: { term: 'unattended', form: 'flag', logged: 'unattended', compared: true },
  parent: { term: 'parent', form: 'text', logged: 'parent', compared: true },
  atMost: { term: 'at_most', form: 'bounds', logged: 'at_most', compared: true },
  atLeast: { term: 'at_least', form: 'bounds', logged: 'at_least', compared: true },
  path: { term: 'path', form: 'texts' },
  givers: { term: 'givers', form: 'texts' },
  createdAt: { term: 'created_at', form: 'instant' },
}

type Terms = Readonly<Record<string, unknown>>
const ALL = Object.entries(FIELDS) as readonly (readonly [keyof GrantBody, Field])[]

/** A value as the relationship store keeps it. */
function written(grant: GrantBody, name: keyof GrantBody, form: Form): unknown {
  if (form === 'scope') return scopeName(grant.scope)
  const value = grant[name]
  if (form === 'instant') return new Date(Number(value)).toISOString()
  return form === 'text' ? (value ?? '') : value
}

/** The terms of a grant, as the relationship store keeps them. */
export const termsOf = (grant: GrantBody): Terms =>
  Object.fromEntries(ALL.flatMap(([name, { term, form }]) => (term ? [[term, written(grant, name, form)]] : [])))

/** Names and schemas of the terms, for validation when they are read. */
export const TERMS: readonly { readonly term: string; readonly form: Form }[] = ALL.flatMap(([, { term, form }]) =>
  term ? [{ term, form }] : [],
)

/**
 * The other way.
 *
 * @param terms - Checked by {@link TERMS}.
 * @returns `undefined` where the scope's name is none.
 */
export function grantIn(id: string, terms: Terms): GrantBody | undefined {
  const scope = scopeOf(String(terms['scope']), String(terms['covers']))
  if (!scope) return undefined
  const fields = ALL.flatMap(([name, { term, form }]) => {
    if (!term || form === 'scope') return []
    const value = terms[term]
    return [[name, form === 'instant' ? Date.parse(String(value)) : value]]
  })
  return { ...Object.fromEntries(fields), id, scope, parent: terms['parent'] || undefined } as GrantBody
}

/** Converts the terms of a grant to members of a log entry. */
export const loggedTermsOf = (grant: GrantBody): Terms =>
  Object.fromEntries(
    ALL.flatMap(([name, { form, logged }]) => {
      const value = written(grant, name, form)
      const isEmpty = value === '' || (form === 'bounds' && Object.keys(Object(value)).length === 0)
      return logged && !isEmpty ? [[logged, value]] : []
    }),
  )

/** Equal for grants that give the same thing to the same delegate (rule C6). */
export const comparedFieldsOf = (grant: GrantBody): Terms =>
  Object.fromEntries(
    ALL.flatMap(([name, { form, compared }]) => (compared ? [[name, written(grant, name, form)]] : [])),
  )

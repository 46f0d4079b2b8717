/**
 * Scopes of grants and the seats at which grants are found, as structured values. Adapters spell them (`stored-names.ts`). Pure.
 *
 * @module
 */
import { splitRef } from '@mandate/protocol'
import type { GrantBody, Scope, Seat } from './grants.ts'

export const isSameScope = (a: Scope, b: Scope): boolean =>
  'deed' in a
    ? 'deed' in b && a.deed === b.deed && a.part === b.part
    : 'domain' in b && a.domain === b.domain && a.persona === b.persona

export const includesScope = (scopes: readonly Scope[], scope: Scope): boolean =>
  scopes.some((other) => isSameScope(other, scope))

/**
 * Whether a child grant's scope lies in its parent's. Below a persona's scope every deed is accepted: both are checked against the resource at
 * every use, and whether the resource is the owner's is checked when the grant is issued.
 */
export function isScopeWithin(child: Scope, parent: Scope): boolean {
  if (isSameScope(child, parent)) return true
  if (!('deed' in child)) return false
  return 'deed' in parent ? parent.part === undefined && parent.deed === child.deed : true
}

/** A key for maps: equal for equal seats only. */
export const seatKey = ({ scope, delegate, onBehalfOf }: Seat): string =>
  JSON.stringify(
    'deed' in scope
      ? ['deed', scope.deed, scope.part ?? '', delegate, onBehalfOf ?? '']
      : ['persona', scope.domain, scope.persona, delegate, onBehalfOf ?? ''],
  )

/** The seats of a grant, each with the persona that it requires. An attended agent has no seat of its own (rule G3). */
export function seatsOf(grant: GrantBody): readonly { readonly seat: Seat; readonly asks: string }[] {
  const { scope, delegate, delegator } = grant
  const own = { seat: { scope, delegate, onBehalfOf: undefined }, asks: grant.asks }
  if (splitRef(delegate).type !== 'agent') return [own]
  const behalf = { seat: { scope, delegate, onBehalfOf: delegator }, asks: `persona:${grant.delegatorPersona}` }
  const fromPerson = splitRef(delegator).type === 'user'
  return [...(grant.unattended ? [own] : []), ...(fromPerson ? [behalf] : [])]
}

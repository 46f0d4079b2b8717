/**
 * Bounds on attributes (a grant's limits, a persona's autonomy settings): validation, and conversion between API and store. Pure.
 *
 * @module
 */
import type { Limit } from '@mandate/protocol'
import { limitKey } from '../decide/attributes.ts'
import type { AttributeRule } from '../policy/manifest.ts'
import type { GrantBody } from '../ports/grants.ts'

type Bound = Pick<Limit, 'at_most' | 'at_least' | 'currency'>

/** @returns why a bound does not fit the attribute; `undefined` when it fits. */
export function boundObjection(bound: Bound, rule: AttributeRule | undefined): string | undefined {
  if (!rule) return 'there is no such attribute.'
  if ((bound.at_most === undefined) === (bound.at_least === undefined)) return 'give at_most or at_least, one of them.'
  const value = bound.at_most ?? bound.at_least ?? Number.NaN
  if (!Number.isFinite(value)) return 'the bound must be a finite number.'
  if (rule.type === 'money' && !Number.isSafeInteger(value)) return 'money is a whole number of minor units.'
  if (rule.type === 'money' && bound.currency === undefined) return 'money needs a currency.'
  if (rule.type !== 'money' && bound.currency !== undefined) return 'only money has a currency.'
  return undefined
}

/** The unit of a bound: a currency, `ahead` (seconds from now) for an instant, or empty. */
export function unitOf(rule: AttributeRule, bound: Bound): string {
  if (rule.type === 'money') return bound.currency ?? ''
  return rule.type === 'instant' ? 'ahead' : ''
}

/** Limits of a request as a grant's body has them, by {@link limitKey}. Expects limits without {@link boundObjection}. */
export function boundsOf(
  limits: readonly Limit[],
  rules: Readonly<Record<string, AttributeRule>>,
): Pick<GrantBody, 'atMost' | 'atLeast'> {
  const atMost: Record<string, number> = {}
  const atLeast: Record<string, number> = {}
  for (const limit of limits) {
    const rule = rules[limit.attribute]
    const key = limitKey(limit.attribute, rule ? unitOf(rule, limit) : '')
    if (limit.at_most !== undefined) atMost[key] = limit.at_most
    if (limit.at_least !== undefined) atLeast[key] = limit.at_least
  }
  return { atMost, atLeast }
}

/** Inverse of {@link boundsOf}. */
export function limitsOf(grant: Pick<GrantBody, 'atMost' | 'atLeast'>): Limit[] {
  const shown = (bounds: Readonly<Record<string, number>>, side: 'at_most' | 'at_least'): Limit[] =>
    Object.entries(bounds).map(([key, value]) => {
      const [attribute = key, unit = ''] = key.split('.')
      return { attribute, [side]: value, ...(unit && unit !== 'ahead' ? { currency: unit } : {}) }
    })
  return [...shown(grant.atMost, 'at_most'), ...shown(grant.atLeast, 'at_least')]
}

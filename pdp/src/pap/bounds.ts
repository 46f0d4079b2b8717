/**
 * Bounds on attributes: a grant's limits and a persona's autonomy settings, from the wire to what the store compares. Pure.
 *
 * @module
 */
import type { Limit } from '@mandate/protocol'
import { limitKey } from '../decide/attributes.ts'
import type { AttributeRule } from '../policy/manifest.ts'
import type { GrantBody } from '../ports/grants.ts'

type Bound = Pick<Limit, 'at_most' | 'at_least' | 'currency'>

/** What is wrong with a bound on an attribute, or `undefined`. */
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

/** The unit an attribute is compared in. An instant's bound is in seconds ahead of now. */
export function unitOf(rule: AttributeRule, bound: Bound): string {
  if (rule.type === 'money') return bound.currency ?? ''
  return rule.type === 'instant' ? 'ahead' : ''
}

/** Limits as a link keeps them, keyed by attribute and unit. Their shape was checked before. */
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

/** The other way: how a grant's limits are shown. */
export function limitsOf(grant: Pick<GrantBody, 'atMost' | 'atLeast'>): Limit[] {
  const shown = (bounds: Readonly<Record<string, number>>, side: 'at_most' | 'at_least'): Limit[] =>
    Object.entries(bounds).map(([key, value]) => {
      const [attribute = key, unit = ''] = key.split('.')
      return { attribute, [side]: value, ...(unit && unit !== 'ahead' ? { currency: unit } : {}) }
    })
  return [...shown(grant.atMost, 'at_most'), ...shown(grant.atLeast, 'at_least')]
}

/**
 * The numbers of a reason in words.
 *
 * @module
 */
import type { Domain, Reason } from '@mandate/protocol'
import { valueText } from '../pdp/measure.ts'

type Figures = Pick<Reason, 'attribute' | 'limit' | 'actual' | 'currency'>

/** `planned price: 4,200.00 EUR; the limit is 4,100.00 EUR`; `undefined` for a reason without numbers. */
export function figuresText(
  { attribute: name, limit, actual, currency }: Figures,
  attributes: Domain['attributes'] | undefined,
): string | undefined {
  if (limit === undefined && actual === undefined) return undefined
  const attribute = name === undefined ? undefined : attributes?.[name]
  const shown = (value: number | string | undefined): string => {
    if (value === undefined) return 'unknown'
    return typeof value === 'number' ? valueText(value, currency, attribute) : value
  }
  return `${attribute?.label ?? name ?? 'value'}: ${shown(actual)}; the limit is ${shown(limit)}`
}

/**
 * Amounts, durations and numbers as people type and read them, by the type of a domain's attribute. Money in minor units and instants as seconds ahead,
 * as on the wire.
 *
 * @module
 */
import { type Domain, type DomainAttribute, moneyText, parseMoney, unitSchema } from '@mandate/protocol'
import { durationText, secondsOf } from '../duration.ts'
import { usageError } from '../exit.ts'

type Setting = {
  readonly at_most?: number | undefined
  readonly at_least?: number | undefined
  readonly currency?: string | undefined
}

/** A parsed bound. */
export interface Bound {
  readonly value: number
  readonly currency?: string
}

const EXAMPLES: Readonly<Partial<Record<DomainAttribute['type'], string>>> = {
  money: '500 EUR',
  instant: '7d',
  integer: '3',
  number: '2.5',
}

/** Parses a bound on an attribute. @throws CommandError (exit 64) with an example of the form. */
export function parseBound(option: string, name: string, text: string, { type }: DomainAttribute): Bound {
  const bound = readBound(text, type)
  if (bound !== undefined) return bound
  const example = EXAMPLES[type]
  if (example === undefined) throw usageError(`${option}: ${name} cannot be limited.`)
  throw usageError(`${option}: ${name} must be like ${example}, and is ${text || 'empty'}.`)
}

function readBound(text: string, type: DomainAttribute['type']): Bound | undefined {
  if (type === 'money') {
    const money = parseMoney(text)
    return money && money.amount >= 0 ? { value: money.amount, currency: money.currency } : undefined
  }
  if (type === 'instant') {
    const seconds = secondsOf(text)
    return seconds === undefined ? undefined : { value: seconds }
  }
  if (type !== 'integer' && type !== 'number') return undefined
  const value = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) && (type === 'number' || Number.isInteger(value)) ? { value } : undefined
}

/** A bound in words: `at most 500.00 EUR`, `at least 7 days ahead`. */
export function boundText(setting: Setting, attribute: DomainAttribute | undefined): string {
  const { at_most, at_least } = setting
  const most = at_most === undefined ? [] : [`at most ${valueText(at_most, setting.currency, attribute)}`]
  const least = at_least === undefined ? [] : [`at least ${valueText(at_least, setting.currency, attribute)}`]
  return [...most, ...least].join(', ')
}

/** A measured value with its unit. */
export function valueText(value: number, currency: string | undefined, attribute: DomainAttribute | undefined): string {
  if (currency !== undefined) return moneyText(value, currency)
  if (attribute?.type === 'instant') return `${durationText(value)} ahead`
  const unit = unitSchema.safeParse(attribute?.unit).data
  return unit === undefined ? String(value) : `${value} ${value === 1 ? unit.one : unit.many}`
}

/** Splits `NAME=VALUE`. @throws CommandError (exit 64) for a text without `=`. */
export function splitAssignment(option: string, text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw usageError(`${option} must be NAME=VALUE, and is ${text || 'empty'}.`)
  return [text.slice(0, at), text.slice(at + 1)]
}

/** An attribute of a domain; `undefined` for one that it does not declare. */
export const attributeOf = ({ attributes }: Domain, name: string | undefined): DomainAttribute | undefined =>
  name === undefined ? undefined : attributes[name]

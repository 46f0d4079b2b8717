/**
 * Attribute values as text of one field, and back. Text that is no value of the type is sent as it is, so that the PDP's own refusal is shown. Pure.
 *
 * @module
 */
import { amountText, moneyText, parseMoney } from '@mandate/protocol'

/** What to write in a field of each type. */
const HINTS: Readonly<Record<string, string>> = {
  money: 'amount and currency: 89.00 EUR',
  instant: 'in 3 days, 5 hours ago, or an RFC 3339 time',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'text',
  strings: 'words with commas between',
}

/** Hint of a type. */
export const hintOf = (type: string): string => HINTS[type] ?? 'text'

/** Text of a value. */
export function textOf(value: unknown): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.map(String).join(', ')
  if (isMoney(value)) return moneyOrJson(value)
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Value of a text. */
export function parseValue(text: string, type: string): unknown {
  const trimmed = text.trim()
  if (type === 'money') return parseMoney(trimmed) ?? jsonOf(trimmed)
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?$/u.test(trimmed) ? Number(trimmed) : trimmed
  if (type === 'boolean') return trimmed === 'true' ? true : trimmed === 'false' ? false : trimmed
  if (type === 'strings') return trimmed.split(',').map((word) => word.trim())
  return trimmed
}

type Money = { readonly amount: number; readonly currency: string }

/** Amounts are typed and read in major units, and sent in minor ones. JSON for an amount whose decimal point cannot be placed. */
const moneyOrJson = (value: Money): string =>
  amountText(value.amount, value.currency) === undefined
    ? JSON.stringify(value)
    : moneyText(value.amount, value.currency)

function jsonOf(text: string): unknown {
  try {
    return text.startsWith('{') ? JSON.parse(text) : text
  } catch {
    return text
  }
}

function isMoney(value: unknown): value is Money {
  return typeof value === 'object' && value !== null && 'amount' in value && 'currency' in value
}

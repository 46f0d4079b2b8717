/**
 * Parses and formats the numbers and money amounts that people type and read. Everywhere else an amount is an integer in minor units (cents), so
 * this is the only module that places a decimal point. A text with two possible readings is rejected, never guessed. Pure.
 *
 * @module
 */
import { minorDigitsOf } from './currency.ts'

/** Error codes of {@link parseAmount} and {@link parseDecimal}. `ambiguous`: a comma could be a decimal or a thousands separator. */
export const AMOUNT_OBJECTIONS = [
  'currency_unknown',
  'not_a_number',
  'too_many_decimals',
  'ambiguous',
  'too_large',
] as const
/** One of {@link AMOUNT_OBJECTIONS}. */
export type AmountObjection = (typeof AMOUNT_OBJECTIONS)[number]

/** The parsed integer (minor units of the currency, or the number scaled by its decimals), or the error code. */
export type AmountRead =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly objection: AmountObjection }

const refused = (objection: AmountObjection): AmountRead => ({ ok: false, objection })

/** Thousands separators that no locale uses as a decimal separator: spaces (no-break, thin and narrow too) and apostrophes. */
const GROUP_ONLY = /[\s'’]/u
const PLAIN = /^\d+$/u
const SHAPE = /^\d+(?:[\s'’.,]\d+)*$/u

/**
 * Parses a money amount: `4100`, `4,100.00`, `4.100,00`, `4 100,00`. `4100,00` is 4,100.00 in EUR, and `too_many_decimals` in JPY.
 *
 * @param currency - ISO 4217 code.
 * @returns Minor units of the currency (cents for EUR), or why the text was rejected. Never throws.
 */
export function parseAmount(text: string, currency: string): AmountRead {
  const digits = minorDigitsOf(currency)
  return digits === undefined ? refused('currency_unknown') : parseDecimal(text, digits)
}

/**
 * Parses an unsigned number of at most `decimals` decimal places. When both `.` and `,` occur, the last one is the decimal separator. One alone
 * is the decimal separator too, except a comma followed by exactly three digits, which separates thousands. Where the comma could be either
 * (`4,125` with three decimals allowed), the text is `ambiguous`.
 *
 * @returns The number times 10 ** `decimals`, a safe integer, or why the text was rejected. Never throws.
 */
export function parseDecimal(text: string, decimals: number): AmountRead {
  const typed = text.trim()
  if (!SHAPE.test(typed)) return refused('not_a_number')
  const sign = decimalSignOf(typed, decimals)
  if (sign === 'ambiguous') return refused('ambiguous')
  const at = sign === undefined ? typed.length : typed.lastIndexOf(sign)
  const whole = wholeOf(typed.slice(0, at))
  const fraction = typed.slice(at + 1)
  if (whole === undefined || (sign !== undefined && !PLAIN.test(fraction))) return refused('not_a_number')
  if (fraction.length > decimals) return refused('too_many_decimals')
  const value = Number(whole + fraction.padEnd(decimals, '0'))
  return Number.isSafeInteger(value) ? { ok: true, value } : refused('too_large')
}

function decimalSignOf(typed: string, decimals: number): '.' | ',' | 'ambiguous' | undefined {
  const last = Math.max(typed.lastIndexOf('.'), typed.lastIndexOf(','))
  if (last < 0) return undefined
  const sign = typed[last] === '.' ? '.' : ','
  const isBoth = typed.includes('.') && typed.includes(',')
  if (isBoth || sign === '.') return isBoth || typed.indexOf('.') === last ? sign : undefined
  if (typed.indexOf(',') < last) return undefined
  const mayGroup = wholeOf(typed) !== undefined
  if (!mayGroup) return sign
  return decimals < 3 ? undefined : 'ambiguous'
}

/** The digits of an integer, plain or grouped in threes by one kind of separator; `undefined` for any other grouping. */
function wholeOf(text: string): string | undefined {
  if (PLAIN.test(text)) return text
  const separator = /\D/u.exec(text)?.[0] ?? ''
  const groups = text.split(GROUP_ONLY.test(separator) ? GROUP_ONLY : separator)
  const [first = '', ...others] = groups
  const isGrouped = /^[1-9]\d{0,2}$/u.test(first) && others.every((group) => /^\d{3}$/u.test(group))
  return isGrouped ? groups.join('') : undefined
}

/**
 * Formats an amount without its currency: `4,100.00`. {@link parseAmount} parses the result back to the same value.
 *
 * @param minor - Minor units of the currency.
 * @param currency - ISO 4217 code.
 * @returns `undefined` when the currency is unknown or `minor` is not a safe integer: the decimal point cannot be placed.
 */
export function amountText(minor: number, currency: string): string | undefined {
  const digits = minorDigitsOf(currency)
  if (digits === undefined || !Number.isSafeInteger(minor)) return undefined
  const all = String(Math.abs(minor)).padStart(digits + 1, '0')
  const whole = all.slice(0, all.length - digits).replaceAll(/\B(?=(?:\d{3})+$)/gu, ',')
  const fraction = digits === 0 ? '' : `.${all.slice(-digits)}`
  return `${minor < 0 ? '-' : ''}${whole}${fraction}`
}

/** Formats an amount with its currency: `4,100.00 EUR`. For an unknown currency: `420 minor units of XYZ`. Never throws. */
export function moneyText(minor: number, currency: string): string {
  const text = amountText(minor, currency)
  return text === undefined ? `${minor} minor units of ${currency || 'an unknown currency'}` : `${text} ${currency}`
}

const MONEY =
  /^(?<sign>-?)(?:(?<before>[A-Za-z]{3})[ \u00a0])?(?<amount>\d[\d.,'’ \u00a0]*?)(?:[ \u00a0]?(?<after>[A-Za-z]{3}))?$/u

/**
 * Parses money as people type it: `500 EUR`, `12.50 eur`, `EUR 4,100.00`, `-5 EUR`. {@link moneyText} is parsed back to the same value.
 *
 * @returns `undefined` for a text without exactly one known currency, or with an amount that {@link parseAmount} refuses.
 */
export function parseMoney(text: string): { readonly amount: number; readonly currency: string } | undefined {
  const { sign, before, amount = '', after } = MONEY.exec(text.trim())?.groups ?? {}
  if ((before === undefined) === (after === undefined)) return undefined
  const currency = (before ?? after ?? '').toUpperCase()
  const read = parseAmount(amount, currency)
  return read.ok ? { amount: sign === '-' && read.value > 0 ? -read.value : read.value, currency } : undefined
}

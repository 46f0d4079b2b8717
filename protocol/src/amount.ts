/**
 * Numbers and amounts of money as people type and read them. An amount is a whole number of minor units everywhere else, so this is the only
 * place that moves a decimal point. A text that could mean two numbers is refused, never guessed. Pure.
 *
 * @module
 */
import { minorDigitsOf } from './currency.ts'

/** Why a text is no number, or no amount. */
export const AMOUNT_OBJECTIONS = [
  'currency_unknown',
  'not_a_number',
  'too_many_decimals',
  'ambiguous',
  'too_large',
] as const
export type AmountObjection = (typeof AMOUNT_OBJECTIONS)[number]

export type AmountRead =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly objection: AmountObjection }

const refused = (objection: AmountObjection): AmountRead => ({ ok: false, objection })

/** Separators of thousands that are no decimal sign anywhere: spaces (no-break, thin, narrow too) and apostrophes. */
const GROUP_ONLY = /[\s'’]/u
const PLAIN = /^\d+$/u
const SHAPE = /^\d+(?:[\s'’.,]\d+)*$/u

/**
 * Reads an amount: `4100`, `4,100.00`, `4.100,00`, `4 100,00`. `4100,00` is 4,100.00 euros, and no amount of yen.
 *
 * @returns Minor units of the currency.
 */
export function parseAmount(text: string, currency: string): AmountRead {
  const digits = minorDigitsOf(currency)
  return digits === undefined ? refused('currency_unknown') : parseDecimal(text, digits)
}

/**
 * Reads a number of at most `decimals` decimals, without a sign. Of `.` and `,` the last one is the decimal sign when both occur; one alone
 * is, unless three digits follow a comma, which separates thousands then. Where the comma could be either (`4,125` with three decimals),
 * the text is ambiguous.
 *
 * @returns The number times ten to the power of `decimals`: a safe integer.
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

/** The digits of a whole number, plain or in groups of three by one separator; `undefined` for groups of any other size. */
function wholeOf(text: string): string | undefined {
  if (PLAIN.test(text)) return text
  const separator = /\D/u.exec(text)?.[0] ?? ''
  const groups = text.split(GROUP_ONLY.test(separator) ? GROUP_ONLY : separator)
  const [first = '', ...others] = groups
  const isGrouped = /^[1-9]\d{0,2}$/u.test(first) && others.every((group) => /^\d{3}$/u.test(group))
  return isGrouped ? groups.join('') : undefined
}

/**
 * An amount as it is shown, and as {@link parseAmount} reads it again: `4,100.00`. `undefined` where the currency is unknown or the amount is
 * no whole number of minor units: then it is not known where the decimal point belongs.
 */
export function amountText(minor: number, currency: string): string | undefined {
  const digits = minorDigitsOf(currency)
  if (digits === undefined || !Number.isSafeInteger(minor)) return undefined
  const all = String(Math.abs(minor)).padStart(digits + 1, '0')
  const whole = all.slice(0, all.length - digits).replaceAll(/\B(?=(?:\d{3})+$)/gu, ',')
  const fraction = digits === 0 ? '' : `.${all.slice(-digits)}`
  return `${minor < 0 ? '-' : ''}${whole}${fraction}`
}

/** `4,100.00 EUR`; `420 minor units of XYZ` where it is not known where the decimal point belongs. */
export function moneyText(minor: number, currency: string): string {
  const text = amountText(minor, currency)
  return text === undefined ? `${minor} minor units of ${currency || 'an unknown currency'}` : `${text} ${currency}`
}

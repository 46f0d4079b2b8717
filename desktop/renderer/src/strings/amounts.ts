/**
 * Texts about typed amounts and times.
 *
 * @module
 */
import { type AmountObjection, minorDigitsOf } from '@mandate/protocol'
import { plural } from '@mandate/ui'

/** Why an amount is refused, with an example of a valid one. */
export function amountWrong(objection: AmountObjection, currency: string): string {
  const digits = minorDigitsOf(currency) ?? 2
  const decimals = digits === 0 ? 'no decimals' : `${plural(digits, 'decimal')} at most`
  const texts: Readonly<Record<AmountObjection, string>> = {
    currency_unknown: `${currency} is no currency that this app knows.`,
    not_a_number: `Give an amount, such as ${digits === 0 ? '4,100' : '4,100 or 4100.50'}.`,
    too_many_decimals: `${currency} has ${decimals}. Thousands are separated by a comma.`,
    ambiguous: 'The comma could separate thousands or decimals. Leave it out, or write decimals after a point.',
    too_large: 'That is too large an amount.',
  }
  return texts[objection]
}

export const instant = {
  zone: (zone: string) => `Time zone: ${zone}.`,
  leftOut: 'The clocks go forward that night and leave this time out. Choose another.',
}

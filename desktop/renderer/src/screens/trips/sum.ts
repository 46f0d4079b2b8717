/**
 * Total price of a trip.
 *
 * @module
 */

interface Sum {
  /** In minor units. */
  readonly amount: number
  readonly currency: string
}

/** Sum of prices; `undefined` for none, or several currencies. */
export function sumOf(prices: readonly Sum[]): Sum | undefined {
  const [first] = prices
  if (!first || prices.some(({ currency }) => currency !== first.currency)) return undefined
  let amount = 0
  for (const price of prices) amount += price.amount
  return { amount, currency: first.currency }
}

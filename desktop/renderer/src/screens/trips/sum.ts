/**
 * What a trip costs in all.
 *
 * @module
 */

interface Sum {
  /** In minor units. */
  readonly amount: number
  readonly currency: string
}

/** `undefined` for none, and where the currencies differ: they cannot be added. */
export function sumOf(prices: readonly Sum[]): Sum | undefined {
  const [first] = prices
  if (!first || prices.some(({ currency }) => currency !== first.currency)) return undefined
  let amount = 0
  for (const price of prices) amount += price.amount
  return { amount, currency: first.currency }
}

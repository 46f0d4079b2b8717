import { expect, expectTypeOf, test } from 'vitest'
import { type DecisionCode, decisionCodeSchema, type GateCode, gateCodeSchema, hasCode } from './reason.ts'

test('a misspelled code does not compile', () => {
  expectTypeOf<'no_grant'>().toExtend<DecisionCode>()
  expectTypeOf<string>().not.toExtend<DecisionCode>()
  // @ts-expect-error: no code of the table
  const misspelled: DecisionCode = 'no_grnt'
  // @ts-expect-error: a code of a gate comes from a manifest, never from a literal
  const literal: GateCode = 'price_above_limit'
  const reason = { code: decisionCodeSchema.parse('no_grant') }
  // @ts-expect-error: nor in a comparison
  expect(hasCode(reason, misspelled, literal, 'no_grnt')).toBe(false)
  expect(hasCode(reason, 'grant_expired', 'no_grant')).toBe(true)
})

test('the code of a gate is snake case; a message may quote any', () => {
  expect(gateCodeSchema.safeParse('price_above_limit').success).toBe(true)
  for (const text of ['', 'Price', '1st', 'price-above']) expect(gateCodeSchema.safeParse(text).success).toBe(false)
  expect(decisionCodeSchema.parse('Price above!')).toBe('Price above!')
})

import { decisionCodeSchema } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { domains } from '../../dev/world.ts'
import { wordedForOwner } from './reason.ts'

const reasonOf = (code: string) => ({
  code: decisionCodeSchema.parse(code),
  reason_user: 'Worded for who asked.',
  cure: 'A cure for who asked.',
})

test.for([
  ['grant_revoked', 'The authority that they had been given had been taken back.', /give it again/u],
  ['price_above_limit', 'It cost more than you let an agent spend.', /^Raise the limit under Settings/u],
] as const)('the owner of what was tried reads %s as owner, and a cure that an owner has', ([code, said, cure]) => {
  const worded = wordedForOwner(reasonOf(code), domains)
  expect(worded.reason_user).toBe(said)
  expect(worded.cure).toMatch(cure)
})

test('a code without a text for owners keeps its words', () => {
  expect(wordedForOwner(reasonOf('moon_too_full'), domains)).toEqual(reasonOf('moon_too_full'))
})

import { expect, test } from 'vitest'
import { includesScope, isSameScope, isScopeWithin } from './scopes.ts'

const deed = { deed: '1', part: undefined }
const part = { deed: '1', part: 'item:2' } as const
const persona = { domain: 'travel', persona: 'p_a.traveler.family.1' }

test.for([
  ['a scope lies in itself', part, part, true],
  ['a part lies in its deed', part, deed, true],
  ['a deed does not lie in its part', deed, part, false],
  ['a part of another deed does not', { deed: '10', part: 'item:2' }, deed, false],
  ['a part does not lie in another part', { deed: '1', part: 'item:3' }, part, false],
  ['a deed lies in a persona`s scope', deed, persona, true],
  ['a persona`s scope lies in no deed', persona, deed, false],
  ['nor in another persona`s', { ...persona, persona: 'p_a.traveler.family.2' }, persona, false],
  ['nor in another domain`s', { ...persona, domain: 'nursing' }, persona, false],
] as const)('%s', ([, child, parent, within]) => {
  expect(isScopeWithin(child, parent)).toBe(within)
})

test('scopes are compared by value', () => {
  expect(isSameScope({ ...part }, part)).toBe(true)
  expect(includesScope([deed, persona], { ...persona })).toBe(true)
  expect(includesScope([deed, persona], part)).toBe(false)
})

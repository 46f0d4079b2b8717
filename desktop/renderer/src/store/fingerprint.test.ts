import { expect, test } from 'vitest'
import { fingerprintOf } from './fingerprint.ts'

const ISSUER = 'https://id.example.org/realms/mandate'

test('a number is twelve digits in three groups, and the same each time', async () => {
  const number = await fingerprintOf(ISSUER, 'user:p_one')
  expect(number).toMatch(/^\d{4} \d{4} \d{4}$/)
  expect(await fingerprintOf(ISSUER, 'user:p_one')).toBe(number)
})

test.for([
  ['another person', ISSUER, 'user:p_two'],
  ['the same id under another issuer', 'https://id.example.com/realms/mandate', 'user:p_one'],
] as const)('%s has another number', async ([, issuer, party]) => {
  expect(await fingerprintOf(issuer, party)).not.toBe(await fingerprintOf(ISSUER, 'user:p_one'))
})

test('digits lost in front stay as noughts', async () => {
  const numbers = await Promise.all(Array.from({ length: 200 }, (_, at) => fingerprintOf(ISSUER, `user:${at}`)))
  expect(numbers.every((number) => number.length === 14)).toBe(true)
  expect(numbers.some((number) => number.startsWith('0'))).toBe(true)
})

import { expect, test } from 'vitest'
import { RandomPool } from './random-pool.ts'

test('no bytes are handed out twice, across refills of the pool too', () => {
  const pool = new RandomPool()
  const drawn = Array.from({ length: 2_000 }, () => pool.base64url(16))
  expect(new Set(drawn).size).toBe(2_000)
  for (const text of drawn) expect(Buffer.from(text, 'base64url')).toHaveLength(16)
})

test('single bytes take every value', () => {
  const pool = new RandomPool()
  expect(new Set(Array.from({ length: 10_000 }, () => pool.byte())).size).toBe(256)
})

import { beforeEach, expect, test } from 'vitest'
import { createRecognise, type Recognise } from './recognise.ts'
import type { Claims } from './token.ts'

const NOW = 1_800_000_000_000
let now: number
let verified: string[]
let failure: Error | undefined
let exp: number
let iat: number
let recognise: Recognise

beforeEach(() => {
  now = NOW
  exp = NOW / 1_000 + 300
  iat = NOW / 1_000
  verified = []
  failure = undefined
  recognise = createRecognise({
    now: () => now,
    verifier: {
      verify: async (token): Promise<Claims> => {
        verified.push(token)
        await Promise.resolve()
        if (failure) throw failure
        return { sub: `sub of ${token}`, azp: 'desktop', iat, exp }
      },
    },
    maxTokenAgeSeconds: 15 * 60,
    adapter: async (token) => ({ grantOf: token }),
  })
})

test('the same token is verified once, also when it comes many times at once', async () => {
  const many = await Promise.all(Array.from({ length: 20 }, () => recognise('a')))
  expect((await recognise('a')).claims.sub).toBe('sub of a')
  expect(new Set(many.map(({ claims }) => claims.sub))).toEqual(new Set(['sub of a']))
  expect(verified).toEqual(['a'])
})

test('another token is another bearer', async () => {
  expect((await recognise('a')).claims.sub).not.toBe((await recognise('b')).claims.sub)
  expect(verified).toEqual(['a', 'b'])
})

test.for<readonly [string, number, number]>([
  ['within a minute it is remembered', 59_999, 1],
  ['after a minute it is verified again: the key may have been withdrawn', 60_000, 2],
  ['a clock that went back remembers nothing', -1, 2],
])('%s', async ([, ms, times]) => {
  await recognise('a')
  now += ms
  await recognise('a')
  expect(verified).toHaveLength(times)
})

test.for<readonly [string, number, number]>([
  ['until its end, and the tolerance, it is good', 34_999, 1],
  ['at its end, and the tolerance, it is verified again, and refused', 35_000, 2],
])('%s', async ([, ms, times]) => {
  exp = NOW / 1_000 + 30
  await recognise('a')
  now += ms
  if (times === 2) failure = new Error('it has ended')
  const again = recognise('a')
  await (times === 2 ? expect(again).rejects.toThrow('it has ended') : again)
  expect(verified).toHaveLength(times)
})

test('it is not remembered beyond the greatest age, however long it lives', async () => {
  exp = NOW / 1_000 + 86_400
  iat = NOW / 1_000 - 15 * 60
  await recognise('a')
  now += 4_999
  await recognise('a')
  expect(verified).toHaveLength(1)
  now += 1
  await recognise('a')
  expect(verified).toHaveLength(2)
})

test('a refusal is not remembered', async () => {
  failure = new Error('the keys cannot be had')
  await expect(Promise.all([recognise('a'), recognise('a')])).rejects.toThrow('the keys')
  failure = undefined
  expect((await recognise('a')).claims.sub).toBe('sub of a')
})

test('it remembers ten thousand tokens and no more', async () => {
  for (let count = 0; count < 10_001; count += 1) await recognise(`token-${count}`)
  await recognise('token-10000')
  expect(verified).toHaveLength(10_001)
  await recognise('token-0')
  expect(verified).toHaveLength(10_002)
})

test('what the adapter makes of a token is made once, and comes with its claims', async () => {
  const { attached } = await recognise('a')
  expect(attached).toEqual({ grantOf: 'a' })
  expect((await recognise('a')).attached).toBe(attached)
})

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { BloomFilter } from './bloom-filter.ts'

const hashOf = (text: string): Uint8Array => createHash('sha256').update(text).digest()

test('what was added is perhaps there, and almost nothing else is', () => {
  const filter = new BloomFilter()
  for (let n = 0; n < 20_000; n += 1) filter.add(hashOf(`in ${n}`))
  for (let n = 0; n < 20_000; n += 1) expect(filter.mayHave(hashOf(`in ${n}`))).toBe(true)
  const inVain = Array.from({ length: 20_000 }, (_, n) => filter.mayHave(hashOf(`out ${n}`))).filter(Boolean)
  expect(inVain.length).toBeLessThan(20)
})

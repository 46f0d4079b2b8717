import { expect, test } from 'vitest'
import { decisionsFound } from './story-wire.ts'

const decisions = (count: number, grant: string) =>
  Array.from({ length: count }, (_, index) => ({
    id: `${grant}-${index}`,
    chain: [{ grant, delegator: 'user:carlo', delegate: 'user:yannick' }],
  }))

test('on a first start all decisions are from this run, what was only checked included', () => {
  expect(decisionsFound({ total: 8, entries: decisions(8, 'this') }, 'this')).toBe(
    '8 decisions, all of them from this run',
  )
})

test('later those of earlier runs are counted, and told apart', () => {
  const entries = [...decisions(8, 'this'), ...decisions(8, 'earlier')]
  expect(decisionsFound({ total: 16, entries }, 'this')).toBe('16 decisions, 8 of them from this run')
})

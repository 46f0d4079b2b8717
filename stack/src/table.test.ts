import { expect, test } from 'vitest'
import { printDecisions } from './story-table.ts'
import { wrapped } from './table.ts'

test('lines are broken at spaces, within 100 columns', () => {
  const lines = wrapped(`  - ${'word '.repeat(60).trim()}`, '    ')
  expect(lines.map((line) => line.length <= 100)).toEqual(lines.map(() => true))
  expect(lines.join(' ').replaceAll(/ +/gu, ' ').trim()).toBe(`- ${'word '.repeat(60).trim()}`)
  expect(wrapped('short', '  ')).toEqual(['short'])
  expect(wrapped(`a ${'x'.repeat(120)} b`, '  ')).toEqual(['a', `  ${'x'.repeat(120)}`, '  b'])
})

test('the decisions of the story fit into 100 columns', () => {
  const lines: string[] = []
  const evaluationId = '01M8H3M7RKHGMMQ590VZJHBP8Z'
  const chain = ['user:1714ebd1-2e02-4dde-966e', 'user:68f1a7c4-cec3-422a-ad25', 'agent:booking-agent']
  const row = {
    who: 'agent for Yannick',
    item: 'hotel',
    decision: false,
    reasons: ['price_above_limit'],
    chain,
    evaluationId,
  }
  printDecisions((line) => lines.push(line), [row], new Map([[evaluationId, '4,200.00 EUR, limit 4,100.00 EUR']]))
  expect(lines.filter((line) => line.length > 100)).toEqual([])
  expect(lines.slice(3)).toEqual([
    `  DENY      agent for Yannick  hotel  ${evaluationId}`,
    '            price_above_limit: 4,200.00 EUR, limit 4,100.00 EUR',
    '            1714ebd1 → 68f1a7c4 → booking-agent',
    '',
  ])
})

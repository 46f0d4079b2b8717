import { PROBLEMS, REASONS } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { reasonsDocument } from '../support/reasons-document.ts'

test('docs/reasons.md says what the code answers', async () => {
  await expect(reasonsDocument()).toMatchFileSnapshot('../../docs/reasons.md')
})

test('every text is a sentence that fits a cell of a table', () => {
  const texts = [...Object.values(REASONS).flatMap(Object.values), ...Object.values(PROBLEMS).map(({ title }) => title)]
  for (const text of texts) expect(text).toMatch(/^[A-Z][^|\n]*[.!?]$/)
})

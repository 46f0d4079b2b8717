import { PROBLEMS, REASONS } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { reasonsDocument, shippedDomains } from '../support/reasons-document.ts'

test('docs/reasons.md says what the code answers', async () => {
  await expect(await reasonsDocument()).toMatchFileSnapshot('../../docs/reasons.md')
})

test('every text is a sentence that fits a cell of a table', async () => {
  const ofDomains = (await shippedDomains()).flatMap(({ reasons }) => Object.values(reasons))
  const texts = [
    ...[...Object.values(REASONS), ...ofDomains].flatMap((one) => Object.values(one)),
    ...Object.values(PROBLEMS).map(({ title }) => title),
  ]
  for (const text of texts) expect(text).toMatch(/^[A-Z][^|\n]*[.!?]$/)
})

/**
 * The list of `npm run test:defences` fits the code, SECURITY.md and the table of docs/proof.md; the command itself takes minutes.
 */
import { expect, test } from 'vitest'
import { DEFENCES, tableOf } from '../defences/defences.ts'
import { read } from '../support/compose-file.ts'

test.for(DEFENCES)('$item: what is switched off is there, once: $off', ({ file, from, test: guard }) => {
  expect(read(file).split(from)).toHaveLength(2)
  expect(read(guard).length).toBeGreaterThan(0)
})

test('each is of an item of SECURITY.md', () => {
  const items = [...read('SECURITY.md').matchAll(/^### (.+)$/gmu)].map(([, name]) => name)
  for (const { item } of DEFENCES) expect(items).toContain(item)
})

test('docs/proof.md has the table of them', () => {
  expect(read('docs/proof.md')).toContain(tableOf(DEFENCES))
})

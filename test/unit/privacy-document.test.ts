/**
 * `docs/privacy.md` against the code: fields of the log, labels of metrics, attributes of traces, cookies, and files of the desktop app. Tables of databases are
 * compared by `test/check/stored-data.ts`.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { entrySchema } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { SPAN_ATTRIBUTES } from '../../pdp/src/ports/span.ts'
import { ROOT, read } from '../support/compose-file.ts'

const privacy = read('docs/privacy.md')
const sources = (pattern: string): readonly string[] =>
  globSync(pattern, { cwd: ROOT })
    .filter((file) => !/\.(test|fixture)\.ts$/u.test(file))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))

/** Names in backticks of the first column of the table below a heading. */
function firstColumn(heading: string): readonly string[] {
  const section = privacy.split(`\n### ${heading}\n`)[1]?.split('\n#')[0] ?? ''
  const cells = [...section.matchAll(/^\| ([^|]+) \|/gmu)].map(([, cell = '']) => cell)
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/gu)].map(([, name = '']) => name))
}

/** Names in backticks of the paragraph that begins with these words. */
function listed(beginning: string): readonly string[] {
  const paragraph = new RegExp(`${beginning}(?<list>[^.]*(?:\\.[^ ][^.]*)*)\\. `, 'u').exec(
    privacy.replaceAll('\n', ' '),
  )
  return [...(paragraph?.groups?.['list'] ?? '').matchAll(/`([^`]+)`/gu)].map(([, name = '']) => name)
}

test('every field of an entry of the log has its row, and no other', () => {
  expect([...firstColumn('The decision log')].sort()).toEqual(Object.keys(entrySchema.shape).sort())
})

test('every label of a metric is listed, and no other', () => {
  const labels = sources('pdp/src/runtime/*.ts').flatMap((text) =>
    [...text.matchAll(/labelNames: \[(?<list>[^\]]*)\]/gu)].flatMap(
      ({ groups }) => groups?.['list']?.match(/\w+/gu) ?? [],
    ),
  )
  expect([...listed('Labels of metrics:')].sort()).toEqual([...new Set(labels)].sort())
})

test('every attribute of a span is listed, and no other', () => {
  expect([...listed('Attributes of spans:')].sort()).toEqual(Object.keys(SPAN_ATTRIBUTES).sort())
})

test('every cookie of our own is listed', () => {
  const cookies = sources('auditor/src/server/*.ts').flatMap((text) => text.match(/__Host-[\w-]+/gu) ?? [])
  const rows = firstColumn('Browsers').filter((name) => name.startsWith('__Host-'))
  expect([...rows].sort()).toEqual([...new Set(cookies)].filter((name) => name !== '__Host-').sort())
})

test('every file of the desktop app that is encrypted is listed', () => {
  const kept = sources('desktop/src/main/*.ts').flatMap((text) => [
    ...[...text.matchAll(/documentOf\(\w+, '(?<name>\w+)'/gu)].map(({ groups }) => groups?.['name'] ?? ''),
    ...(text.includes('store.write(NAME')
      ? [...text.matchAll(/^const NAME = '(?<name>\w+)'/gmu)].map(({ groups }) => groups?.['name'] ?? '')
      : []),
  ])
  const rows = firstColumn('The desktop app and the command line').filter((name) => name.endsWith('.sealed'))
  expect([...rows].sort()).toEqual(kept.map((name) => `${name}.sealed`).sort())
})

/**
 * Differences of policy texts: each line has its numbers in both versions, and the parts put together again are the files.
 */
import type { PolicyTexts } from '@mandate/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { diffTexts } from './text-diff.ts'

const texts = (manifest: string, model = 'module lab\n'): PolicyTexts => ({
  version: 'lab@1',
  core: 'module core\n',
  packs: [{ name: 'lab', model, manifest }],
})

test('a changed line is shown as removed and added, with its numbers and three lines around it', () => {
  const before = texts('1\n2\n3\n4\n5\n6\n7\n8\n9\n')
  const [file, ...others] = diffTexts(before, texts('1\n2\n3\n4\nfive\n6\n7\n8\n9\n'))
  expect(others).toEqual([])
  expect(file).toMatchObject({ path: 'lab/manifest.yaml', change: 'changed', added: 1, removed: 1 })
  expect(
    file?.hunks?.[0]?.map(({ kind, text, before: b, after: a }) => `${kind} ${b ?? ''} ${a ?? ''} ${text}`),
  ).toEqual([
    'same 2 2 2',
    'same 3 3 3',
    'same 4 4 4',
    'removed 5  5',
    'added  5 five',
    'same 6 6 6',
    'same 7 7 7',
    'same 8 8 8',
  ])
})

test('equal versions have no difference; a pack that one version lacks is added or removed whole', () => {
  const one = texts('a\n')
  expect(diffTexts(one, one)).toEqual([])
  const none = { ...one, packs: [] }
  expect(diffTexts(none, one).map(({ path, change, added }) => [path, change, added])).toEqual([
    ['lab/manifest.yaml', 'added', 1],
    ['lab/model.fga', 'added', 1],
  ])
  expect(diffTexts(one, none).map(({ change, removed }) => [change, removed])).toEqual([
    ['removed', 1],
    ['removed', 1],
  ])
})

test('a file whose last line has no newline is shown without a line more', () => {
  const [file] = diffTexts(texts('a\nb'), texts('a\nb\n'))
  expect(file?.hunks?.flat().map(({ kind, text }) => `${kind} ${text}`)).toEqual(['same a', 'removed b', 'added b'])
})

test('texts with nothing in common are not compared by line', () => {
  const lines = (word: string): string => Array.from({ length: 1_500 }, (_, at) => `${word} ${at}\n`).join('')
  expect(diffTexts(texts(lines('old')), texts(lines('new')))[0]?.hunks).toBeUndefined()
})

test('removed and added lines are those of the files, at their numbers', () => {
  const text = fc.array(fc.constantFrom('a', 'b', '', '- c', '+ d'), { maxLength: 30 }).map((all) => all.join('\n'))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const [old, next] = [before.split('\n'), after.split('\n')]
      for (const line of diffTexts(texts(before), texts(after)).flatMap(({ hunks }) => (hunks ?? []).flat())) {
        if (line.before !== undefined) expect(old[line.before - 1]).toBe(line.text)
        if (line.after !== undefined) expect(next[line.after - 1]).toBe(line.text)
      }
    }),
  )
})

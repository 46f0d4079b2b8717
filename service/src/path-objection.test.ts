import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { pathObjection, unreadable } from './path-objection.ts'

test('a file in place of a folder, a folder in place of a file, and nothing at all are told apart', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-path-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'file')
  writeFileSync(file, '')
  expect(pathObjection(folder, 'folder')).toBeUndefined()
  expect(pathObjection(file, 'file')).toBeUndefined()
  expect(pathObjection(file, 'folder')).toBe(`${file} is a file, and a folder is needed`)
  expect(pathObjection(folder, 'file')).toBe(`${folder} is a folder, and a file is needed`)
  expect(pathObjection(join(folder, 'none'), 'file')).toBe(`${join(folder, 'none')} does not exist`)
  expect(pathObjection(join(file, 'below'), 'file')).toBe(`${join(file, 'below')} does not exist`)
  expect(unreadable(folder)).toBe(`${folder} cannot be read: is a folder, and a file is needed`)
  expect(unreadable(file)).toBe(`${file} cannot be read`)
})

import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { exposureOf, folderExposure, writeAtomically } from './private-files.ts'

function fileOf(mode: number, folderMode: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-private-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'inner', 'token')
  mkdirSync(join(folder, 'inner'))
  writeFileSync(file, 'x')
  chmodSync(file, mode)
  chmodSync(join(folder, 'inner'), folderMode)
  return file
}

test.for([
  ['of its owner alone', 0o600, 0o755, undefined],
  ['only read by its owner', 0o400, 0o700, undefined],
  ['of a group', 0o640, 0o700, 'read or change it (mode 0640)'],
  ['of everybody', 0o604, 0o700, 'read or change it (mode 0604)'],
  ['that others may write, not read', 0o602, 0o700, 'read or change it (mode 0602)'],
  ['in a folder of everybody', 0o600, 0o777, 'replace it: everybody may write to its folder (mode 0777)'],
  ['in a folder like /tmp', 0o600, 0o1777, undefined],
] as const)('a secret %s', ([, mode, folderMode, exposure]) => {
  const found = exposureOf(fileOf(mode, folderMode))
  expect(found).toBe(exposure && `other users may ${exposure}`)
})

test.for([
  ['that everybody may read', 0o644, undefined],
  ['that a group may write', 0o664, undefined],
  ['that everybody may write', 0o666, 'other users may change it (mode 0666)'],
] as const)('a public key %s', ([, mode, exposure]) => {
  expect(exposureOf(fileOf(mode, 0o755), 'public')).toBe(exposure)
})

test('a link is judged by the file that it leads to', () => {
  const file = fileOf(0o644, 0o700)
  const link = join(file, '..', 'link')
  symlinkSync(file, link)
  expect(exposureOf(link)).toContain('mode 0644')
})

test('what is no regular file, and what is not there, is not judged', () => {
  expect(exposureOf('/dev/null')).toBeUndefined()
  expect(exposureOf('/nonexistent/token')).toBeUndefined()
  expect(folderExposure('/nonexistent')).toBeUndefined()
})

test('what is written here is private', () => {
  const file = fileOf(0o644, 0o700)
  writeAtomically(file, 'y')
  expect(exposureOf(file)).toBeUndefined()
})

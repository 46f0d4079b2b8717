import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { requireReplaceable, writePrivate } from './private-output.ts'

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'mandate-output-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

test('a file that others could read is private after it was replaced', () => {
  const file = join(folder(), 'lab.env')
  writeFileSync(file, 'old')
  chmodSync(file, 0o666)
  expect(requireReplaceable(file)).toBe(true)
  writePrivate(file, 'SECRET')
  expect(readFileSync(file, 'utf8')).toBe('SECRET')
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a link, a folder and a device are refused; a link that dangles creates nothing', () => {
  const where = folder()
  symlinkSync(join(where, 'elsewhere'), join(where, 'lab.env'))
  for (const path of [join(where, 'lab.env'), where, '/dev/null'])
    expect(() => requireReplaceable(path)).toThrow('is no regular file')
  expect(existsSync(join(where, 'elsewhere'))).toBe(false)
  expect(requireReplaceable(join(where, 'new.env'))).toBe(false)
})

test('a folder that cannot be made is one error with exit 65', () => {
  const file = join(folder(), 'file')
  writeFileSync(file, '')
  expect(() => writePrivate(join(file, 'lab.env'), '')).toThrow(expect.objectContaining({ exit: 65, code: 'file' }))
})

import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readJson, writeAtomically } from './files.ts'
import { loadSecrets, SECRETS_FILE } from './secrets.ts'
import { temporaryFolder } from './temporary.fixture.ts'

test('a written file is private and whole, and nothing is left beside it', () => {
  const state = join(temporaryFolder(), 'new', 'state')
  writeAtomically(join(state, 'a.json'), '1')
  writeAtomically(join(state, 'a.json'), '2')
  expect(readFileSync(join(state, 'a.json'), 'utf8')).toBe('2')
  expect(readdirSync(state)).toEqual(['a.json'])
  expect(statSync(join(state, 'a.json')).mode & 0o777).toBe(0o600)
  expect(statSync(state).mode & 0o777).toBe(0o700)
})

test('a link in the way is replaced, not followed', () => {
  const state = temporaryFolder()
  writeFileSync(join(state, 'victim'), 'precious')
  symlinkSync(join(state, 'victim'), join(state, 'a.json'))
  writeAtomically(join(state, 'a.json'), 'mine')
  expect(readFileSync(join(state, 'victim'), 'utf8')).toBe('precious')
})

test('no file is undefined, a broken one is an error', () => {
  const state = temporaryFolder()
  expect(readJson(join(state, 'a.json'))).toBeUndefined()
  writeFileSync(join(state, 'a.json'), '{')
  expect(() => readJson(join(state, 'a.json'))).toThrow(SyntaxError)
})

test('secrets are made once, kept, and differ between installations', () => {
  const [one, other] = [temporaryFolder(), temporaryFolder()]
  const first = loadSecrets(one)
  expect(loadSecrets(one)).toEqual(first)
  expect(loadSecrets(other).openFgaToken).not.toBe(first.openFgaToken)
  expect(statSync(join(one, SECRETS_FILE)).mode & 0o777).toBe(0o600)
  expect(new Set(Object.values(first.realm)).size).toBe(Object.keys(first.realm).length)
  expect(first.people['ada']?.totpSecret).toMatch(/^[A-Z2-7]{32}$/)
  expect(first.people['carlo']).not.toHaveProperty('totpSecret')
})

test('a secrets file that is not ours stops the start and is left alone', () => {
  const state = temporaryFolder()
  writeFileSync(join(state, SECRETS_FILE), '{"openFgaToken":"short"}')
  expect(() => loadSecrets(state)).toThrow(/--fresh/)
  expect(readFileSync(join(state, SECRETS_FILE), 'utf8')).toBe('{"openFgaToken":"short"}')
})

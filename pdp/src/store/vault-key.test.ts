import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadVaultKeys, readKey } from './vault-key.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-key-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const HEX = 'ab'.repeat(32)
const settings = (more: object = {}) => ({
  PDP_DATA_DIR: dir,
  PDP_VAULT_KEY: undefined,
  PDP_VAULT_KEY_COMMAND: [],
  PDP_VAULT_OLD_KEYS: [],
  ...more,
})
const decrypts = async (one: object, other: object): Promise<string> =>
  (await loadVaultKeys(settings(other))).decrypt((await loadVaultKeys(settings(one))).encrypt('x')).toString()

test('hexadecimal, base64 and base64url spell the same key', () => {
  const bytes = Buffer.from(HEX, 'hex')
  for (const text of [HEX, HEX.toUpperCase(), bytes.toString('base64'), bytes.toString('base64url')])
    expect(Buffer.from(readKey('K', text)).equals(bytes)).toBe(true)
})

test.for(['', 'short', 'z'.repeat(64), 'ab'.repeat(31), `${'a'.repeat(42)}!`])(
  '%s is not a key, and the error does not contain it',
  (text) => {
    expect(() => readKey('PDP_VAULT_KEY', text)).toThrow(/^PDP_VAULT_KEY: must be 32 bytes/)
  },
)

test('a command gives the key; it is run without a shell', async () => {
  const command = { PDP_VAULT_KEY_COMMAND: [process.execPath, '-e', `console.log('${HEX}')`] }
  expect(await decrypts({ PDP_VAULT_KEY: HEX }, command)).toBe('x')
})

test('a key command that fails is named, and its output is not', async () => {
  const failing = settings({
    PDP_VAULT_KEY_COMMAND: [process.execPath, '-e', `console.log('${HEX}'); process.exit(3)`],
  })
  const error = await loadVaultKeys(failing).catch((caught: unknown) => caught)
  expect(String(error)).toMatch(/PDP_VAULT_KEY_COMMAND: .* failed/)
  expect(String(error)).not.toContain(HEX)
})

test('without a setting the key is created once, readable by its owner only, and read again at the next start', async () => {
  expect(await decrypts({}, {})).toBe('x')
  expect(statSync(join(dir, 'vault.key')).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(dir, 'vault.key'), 'utf8')).toMatch(/^[\w-]{43}\n$/)
})

test('an older key decrypts what it encrypted', async () => {
  expect(await decrypts({ PDP_VAULT_KEY: HEX }, { PDP_VAULT_KEY: 'cd'.repeat(32), PDP_VAULT_OLD_KEYS: [HEX] })).toBe(
    'x',
  )
})

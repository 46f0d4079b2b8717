import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VaultKeys } from './encryption.ts'
import type { Database } from './sql.ts'
import { openSqlite } from './sqlite.ts'
import { createStores, type SqlStores } from './stores.ts'

const ISSUER = 'https://id.example'
const SUB = 'sub-of-petra-planted'
const first = randomBytes(32)
const second = randomBytes(32)

let dir: string
let database: Database
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-vault-'))
  database = openSqlite(join(dir, 'pdp.db'))
})
afterEach(async () => {
  await database.close()
  rmSync(dir, { recursive: true })
})

const openAll = (keys = new VaultKeys(first)): Promise<SqlStores> => createStores(database, { clock: () => 7, keys })
const open = async (keys?: VaultKeys): Promise<SqlStores['vault']> => (await openAll(keys)).vault
/** Everything on disk, as text. */
const onDisk = (): string =>
  readdirSync(dir)
    .map((name) => readFileSync(join(dir, name), 'latin1'))
    .join('\n')

test('a person has one pseudonym, and it leads back to them', async () => {
  const vault = await open()
  const pseudonym = await vault.pseudonymOf(ISSUER, SUB)
  expect(await (await open()).pseudonymOf(ISSUER, SUB)).toBe(pseudonym)
  expect(await (await open()).subOf(pseudonym)).toBe(SUB)
  expect(await vault.pseudonymOf('https://other.example', SUB)).not.toBe(pseudonym)
  expect(await vault.known(ISSUER, 'nobody')).toBeUndefined()
})

test.for([
  ['as it is', 'a11CE000-0000-4000-8000-00000b0b0b0b', true],
  ['in upper case', 'A11CE000-0000-4000-8000-00000B0B0B0B', true],
  ['without dashes', 'a11ce0000000400080000000 0b0b0b0b'.replace(' ', ''), true],
  ['with dashes elsewhere', 'a11ce000-00004000800000000b0b-0b0b', true],
  ['of another person', 'a11ce000-0000-4000-8000-00000b0b0b0c', false],
  ['that is empty once folded', '--', false],
] as const)('a sub %s is told from other texts: %s', async ([, text, isSub]) => {
  const vault = await open()
  await vault.pseudonymOf(ISSUER, 'a11ce000-0000-4000-8000-00000b0b0b0b')
  expect(await vault.isSub(ISSUER, text)).toBe(isSub)
  expect(await vault.isSub('https://other.example', text)).toBe(false)
})

test('other spellings are recognised after an upgrade and after a change of the key', async () => {
  const pseudonym = await (await open()).pseudonymOf(ISSUER, SUB)
  await database.change('UPDATE vault SET folded = NULL WHERE pseudonym = $1', pseudonym.slice('user:'.length))
  expect(await (await open()).isSub(ISSUER, SUB.toUpperCase())).toBe(true)
  expect(await (await open(new VaultKeys(second, [first]))).isSub(ISSUER, SUB.toUpperCase())).toBe(true)
})

test('neither the sub nor the issuer is on disk, in any encoding', async () => {
  await (await open()).pseudonymOf(ISSUER, SUB)
  for (const form of ['utf8', 'hex', 'base64'] as const)
    for (const text of [SUB, ISSUER])
      expect(onDisk().includes(Buffer.from(text).toString(form).slice(0, 20))).toBe(false)
})

test('people, notices and the salt of an older release are encrypted, and no plain text is left on disk', async () => {
  const plain = 'INSERT INTO people (pseudonym, issuer, sub, created_at) VALUES ($1, $2, $3, 3)'
  await database.change(plain, 'p_old', ISSUER, SUB)
  const notice = 'INSERT INTO open_notices (id, service, issuer, sub, at) VALUES ($1, $2, $3, $4, 3)'
  await database.change(notice, 'n1', 'trips', ISSUER, `${SUB}-2`)
  await database.change("INSERT INTO salts (name, salt) VALUES ('commitment', $1)", Buffer.alloc(32, 9))
  expect(onDisk().includes(SUB)).toBe(true)
  const { vault, people } = await openAll()
  expect(await vault.subOf('user:p_old')).toBe(SUB)
  expect(await vault.known(ISSUER, SUB)).toBe('user:p_old')
  expect(await people.notices('trips', '', 10)).toMatchObject([{ id: 'n1', issuer: ISSUER, sub: `${SUB}-2` }])
  expect(onDisk().includes(SUB)).toBe(false)
  expect(onDisk().includes(Buffer.alloc(32, 9).toString('latin1'))).toBe(false)
})

describe('a rotation', () => {
  test('keeps pseudonyms, commitments and notices; afterwards the old key decrypts nothing', async () => {
    const before = await open()
    const pseudonym = await before.pseudonymOf(ISSUER, SUB)
    const commitment = before.commit('words')
    const after = await open(new VaultKeys(second, [first]))
    expect(await after.known(ISSUER, SUB)).toBe(pseudonym)
    expect(await after.subOf(pseudonym)).toBe(SUB)
    expect(after.commit('words')).toBe(commitment)
    expect(await (await open(new VaultKeys(second))).subOf(pseudonym)).toBe(SUB)
    await expect(open(new VaultKeys(first))).rejects.toThrow('a key that is not configured')
  })

  test('a PDP that still has the old key creates nobody: a person would get a second pseudonym', async () => {
    const before = await open()
    await before.pseudonymOf(ISSUER, SUB)
    const after = await open(new VaultKeys(second, [first]))
    const refused = { code: 'relations_unavailable', message: expect.stringContaining('restart this PDP') }
    await expect(before.pseudonymOf(ISSUER, 'somebody-new')).rejects.toMatchObject(refused)
    expect(await after.known(ISSUER, 'somebody-new')).toBeUndefined()
    const other = await open(new VaultKeys(second, [first]))
    expect(await other.known(ISSUER, SUB)).toBe(await after.known(ISSUER, SUB))
  })

  test('beside a PDP that has the new key too: both find and create the same people, before and after', async () => {
    const lagging = await openAll(new VaultKeys(first, [second]))
    const known = await lagging.vault.pseudonymOf(ISSUER, SUB)
    const rotated = await openAll(new VaultKeys(second, [first]))
    // Of the database, not of memory.
    const again = await open(new VaultKeys(second, [first]))
    expect([await rotated.vault.known(ISSUER, SUB), await again.known(ISSUER, SUB)]).toEqual([known, known])
    const created = await lagging.vault.pseudonymOf(ISSUER, 'somebody-new')
    expect(await rotated.vault.pseudonymOf(ISSUER, 'somebody-new')).toBe(created)
    const other = await rotated.vault.pseudonymOf(ISSUER, 'another')
    expect(await lagging.vault.pseudonymOf(ISSUER, 'another')).toBe(other)
    expect([await lagging.vault.subOf(other), await lagging.vault.isSub(ISSUER, 'ANOTHER')]).toEqual(['another', true])
    // All are under the new key alone.
    const alone = await open(new VaultKeys(second))
    for (const [sub, pseudonym] of [
      [SUB, known],
      ['somebody-new', created],
      ['another', other],
    ] as const)
      expect([await alone.known(ISSUER, sub), await alone.subOf(pseudonym)]).toEqual([pseudonym, sub])
  })

  test('a token from before an erasure creates nobody, though the key was replaced in between', async () => {
    const before = await open()
    const pseudonym = await before.pseudonymOf(ISSUER, SUB)
    const issuedAt = Date.now() - 1_000
    await before.erase(pseudonym)
    const after = await open(new VaultKeys(second, [first]))
    expect(await after.pseudonymOfToken(ISSUER, SUB, issuedAt)).toBeUndefined()
    expect(await after.pseudonymOfToken(ISSUER, SUB, Date.now() + 1_000)).toMatch(/^user:p_/u)
  })

  test('without the old key changes nothing', async () => {
    const pseudonym = await (await open()).pseudonymOf(ISSUER, SUB)
    await expect(open(new VaultKeys(second))).rejects.toThrow('a key that is not configured')
    expect(await (await open()).subOf(pseudonym)).toBe(SUB)
  })
})

test('an altered row is a fault, never another person', async () => {
  const pseudonym = await (await open()).pseudonymOf(ISSUER, SUB)
  const [row] = await database.rows('SELECT sealed FROM vault')
  const altered = Buffer.from(row?.['sealed'] as Uint8Array)
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
  await database.change('UPDATE vault SET sealed = $1', altered)
  await expect((await open()).subOf(pseudonym)).rejects.toThrow('was altered')
})

test('a key of another length is refused', async () => {
  expect(() => new VaultKeys(randomBytes(16))).toThrow('32 bytes')
})

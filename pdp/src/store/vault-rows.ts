/**
 * Rows of the vault, and their migration from an older release or an older key.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { type EpochMillis, Fault } from '@mandate/protocol'
import { ConfigError } from '@mandate/service'
import type { VaultKeys } from './encryption.ts'
import { decryptPerson, encryptPerson, fold, foldedKey, type Person, personKey } from './person.ts'
import { bytes, firstRow, type Queries, type Row, text } from './sql.ts'

const SALT_BYTES = 32

export async function insertPerson(
  sql: Queries,
  keys: VaultKeys,
  { pseudonym, at, ...person }: Person & { readonly pseudonym: string; readonly at: EpochMillis },
): Promise<void> {
  await sql.change(
    `INSERT INTO vault (pseudonym, lookup, folded, sealed, created_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    ...[pseudonym, keys.lookupHash(personKey(person)), foldedHash(keys, person), encryptPerson(keys, person), at],
  )
}

const foldedHash = (keys: VaultKeys, { issuer, sub }: Person): Uint8Array =>
  keys.lookupHash(foldedKey(issuer, fold(sub)))

/**
 * Encrypts people that an older release stored in plain text, and re-encrypts rows that are under an older key. Reads all people only where the
 * commitment salt is under an older key too: both are rewritten in one transaction, and from then on people are stored under the current key only.
 *
 * @returns Whether a row was rewritten.
 * @throws Fault `internal` when the keys do not decrypt a row.
 */
export async function rewriteVault(sql: Queries, keys: VaultKeys): Promise<boolean> {
  const plain = await sql.rows('SELECT pseudonym, issuer, sub, created_at FROM people')
  for (const row of plain) {
    const person = { issuer: text(row['issuer']), sub: text(row['sub']) }
    await insertPerson(sql, keys, { pseudonym: text(row['pseudonym']), ...person, at: Number(row['created_at']) })
  }
  await sql.change('DELETE FROM people')
  await addFoldedHashes(sql, keys)
  return (await reEncrypt(sql, keys)) || plain.length > 0
}

/** Adds the lookup hash of the normalized sub to rows of releases that did not have it. */
async function addFoldedHashes(sql: Queries, keys: VaultKeys): Promise<void> {
  for (const row of await sql.rows('SELECT pseudonym, sealed FROM vault WHERE folded IS NULL')) {
    const folded = foldedHash(keys, decryptPerson(keys, bytes(row['sealed'])))
    await sql.change('UPDATE vault SET folded = $1 WHERE pseudonym = $2', folded, text(row['pseudonym']))
  }
}

async function reEncrypt(sql: Queries, keys: VaultKeys): Promise<boolean> {
  const isOld = (row: Row): boolean => !keys.isCurrent(bytes(row['sealed']))
  const commitment = await firstRow(sql, "SELECT salt AS sealed FROM salts WHERE name = 'sealed commitment'")
  if (commitment && !isOld(commitment)) return false
  const people = (await sql.rows('SELECT pseudonym, sealed FROM vault')).filter(isOld)
  for (const row of people) {
    const person = decryptPerson(keys, bytes(row['sealed']))
    await sql.change(
      'UPDATE vault SET lookup = $1, folded = $2, sealed = $3 WHERE pseudonym = $4',
      ...[
        keys.lookupHash(personKey(person)),
        foldedHash(keys, person),
        encryptPerson(keys, person),
        text(row['pseudonym']),
      ],
    )
  }
  const salts = (await sql.rows("SELECT name, salt AS sealed FROM salts WHERE name LIKE 'sealed %'")).filter(isOld)
  for (const { name, sealed } of salts) {
    const encrypted = keys.encrypt(keys.decrypt(bytes(sealed)))
    await sql.change('UPDATE salts SET salt = $1 WHERE name = $2', encrypted, text(name))
  }
  return people.length + salts.length > 0
}

/**
 * Checks the keys at a start, before anything is written.
 *
 * @param runningWithout - Finds another running PDP of the database that does not have a key, by its id.
 * @throws ConfigError where none of the keys is the vault's, or where this start would replace the key while another PDP runs that does not have the new
 *   one.
 */
export async function requireVaultKey(
  sql: Queries,
  keys: VaultKeys,
  runningWithout: (keyId: string) => Promise<string | undefined>,
): Promise<void> {
  const row = await firstRow(sql, "SELECT salt FROM salts WHERE name = 'sealed commitment'")
  if (!row || keys.isCurrent(bytes(row['salt']))) return
  if (!keys.canDecrypt(bytes(row['salt'])))
    throw new ConfigError([
      'PDP_VAULT_KEY: is not the key of this database. Set the key that its people were encrypted with, the same for all PDPs of a database. ' +
        'Only to replace the key: first give the new key to all PDPs in PDP_VAULT_OLD_KEYS, then put it into PDP_VAULT_KEY and the former one into PDP_VAULT_OLD_KEYS',
    ])
  const other = await runningWithout(keys.ids[0] ?? '')
  if (other !== undefined)
    throw new ConfigError([
      `PDP_VAULT_KEY: is not the present key of this database, and the PDP ${other} runs without it: to replace the key, first give the new one to all PDPs in PDP_VAULT_OLD_KEYS, or stop them`,
    ])
}

/**
 * The keys of this PDP, with that one in use under which the vault is encrypted now: another PDP may have re-encrypted it since this one started. All
 * people are under one key, so that a lookup hash is unique.
 *
 * @throws Fault `relations_unavailable` where this PDP does not have that key: nobody would be found, so that a person who is known would get a second
 *   pseudonym.
 */
export async function presentKeys(sql: Queries, keys: VaultKeys): Promise<VaultKeys> {
  const row = await firstRow(sql, "SELECT salt FROM salts WHERE name = 'sealed commitment'")
  if (!row || keys.isCurrent(bytes(row['salt']))) return keys
  if (keys.canDecrypt(bytes(row['salt']))) return keys.withKeyOf(bytes(row['salt']))
  throw new Fault(
    'relations_unavailable',
    'PDP_VAULT_KEY: the vault was re-encrypted under another key: restart this PDP with that key',
  )
}

/**
 * Reads the salt of the commitments in the log, and creates it if it is missing. Stored encrypted: without it, nobody can test guesses against a
 * commitment.
 *
 * @returns The salt, and whether an older release had stored it in plain text.
 */
export async function commitmentSalt(
  sql: Queries,
  keys: VaultKeys,
): Promise<{ readonly salt: Uint8Array; readonly wasPlain: boolean }> {
  const saltBy = async (name: string): Promise<Uint8Array | undefined> => {
    const row = await firstRow(sql, 'SELECT salt FROM salts WHERE name = $1', name)
    return row && bytes(row['salt'])
  }
  const encrypted = await saltBy('sealed commitment')
  if (encrypted) return { salt: keys.decrypt(encrypted), wasPlain: false }
  const plain = await saltBy('commitment')
  const salt = plain ?? randomBytes(SALT_BYTES)
  await sql.change("INSERT INTO salts (name, salt) VALUES ('sealed commitment', $1)", keys.encrypt(salt))
  await sql.change("DELETE FROM salts WHERE name = 'commitment'")
  return { salt, wasPlain: plain !== undefined }
}

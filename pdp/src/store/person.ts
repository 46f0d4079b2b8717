/**
 * The identity of a person (issuer and sub), and how it is encrypted in the vault and in erasure notices. Pure.
 *
 * @module
 */
import type { VaultKeys } from './encryption.ts'

export interface Person {
  readonly issuer: string
  readonly sub: string
}

/** Text to encrypt and to look up by. Includes the issuer, because a sub is unique per issuer only. */
export const personKey = ({ issuer, sub }: Person): string => `${issuer}\u0000${sub}`

/** Lookup key for other spellings of a sub ({@link fold}). Has two NUL characters, so that it never equals a {@link personKey}. */
export const foldedKey = (issuer: string, folded: string): string => `${issuer}\u0000\u0000${folded}`

/** Normalizes an identifier: keeps letters and digits only, in lower case, so that all its spellings are equal. */
export const fold = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')

export const encryptPerson = (keys: VaultKeys, person: Person): Uint8Array => keys.encrypt(personKey(person))

/** @throws Fault `internal` where none of the keys encrypted the text, or where it was altered. */
export function decryptPerson(keys: VaultKeys, encrypted: Uint8Array): Person {
  const [issuer = '', sub = ''] = keys.decrypt(encrypted).toString().split('\u0000')
  return { issuer, sub }
}

/**
 * Who is behind a pseudonym, as the vault and the notices of erasures hold it: encrypted. Pure.
 *
 * @module
 */
import type { VaultKeys } from './encryption.ts'

export interface Person {
  readonly issuer: string
  readonly sub: string
}

/** A sub identifies a person only under its issuer. */
export const personKey = ({ issuer, sub }: Person): string => `${issuer}\u0000${sub}`

/** Of another form than {@link personKey}: neither is ever found in place of the other. */
export const foldedKey = (issuer: string, folded: string): string => `${issuer}\u0000\u0000${folded}`

/** What all spellings of an identifier have in common: its letters and digits, in lower case. */
export const fold = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')

export const encryptPerson = (keys: VaultKeys, person: Person): Uint8Array => keys.seal(personKey(person))

/** @throws Fault `internal` for what none of the keys encrypted, and for what was altered. */
export function decryptPerson(keys: VaultKeys, encrypted: Uint8Array): Person {
  const [issuer = '', sub = ''] = keys.open(encrypted).toString().split('\u0000')
  return { issuer, sub }
}

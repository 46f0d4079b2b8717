/**
 * Parsing of 256-bit keys in the encodings that people and tools use.
 *
 * @module
 */

/** Size of a key, in bytes. */
export const SECRET_BYTES = 32

/** Parses 32 bytes from 64 hexadecimal digits, base64 or base64url. `undefined` for anything else; never throws. */
export function parseSecret(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (/^[0-9a-f]{64}$/iu.test(text))
    return Uint8Array.from(text.match(/../gu) ?? [], (digits) => Number.parseInt(digits, 16))
  if (!/^[\w+/-]{43}=?$/u.test(text)) return undefined
  const base64 = text.replace(/=$/u, '').replaceAll('-', '+').replaceAll('_', '/')
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

/**
 * Time-based one-time passwords (TOTP, RFC 6238) with the realm's parameters: SHA-1, six digits, 30 seconds.
 *
 * @module
 */
import { createHmac } from 'node:crypto'

/** Length of a time step, in seconds. */
export const TOTP_STEP_SECONDS = 30

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Encodes as Base32 without padding (RFC 4648), as authenticator apps expect. */
export function toBase32(bytes: Uint8Array): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{1,5}/g) ?? []).map((group) => ALPHABET[Number.parseInt(group.padEnd(5, '0'), 2)]).join('')
}

/** Decodes Base32. Padding and surplus bits are ignored. @throws TypeError for a character outside the alphabet. */
export function fromBase32(text: string): Buffer {
  let bits = ''
  for (const letter of text.replace(/=+$/, '').toUpperCase()) {
    const value = ALPHABET.indexOf(letter)
    if (value < 0) throw new TypeError('totpSecret: not Base32')
    bits += value.toString(2).padStart(5, '0')
  }
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/**
 * Computes the code of one time step.
 *
 * @param secret - Base32.
 * @param step - Number of time steps since 1970, see {@link TOTP_STEP_SECONDS}.
 */
export function totpCode(secret: string, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const digest = createHmac('sha1', fromBase32(secret)).update(counter).digest()
  const offset = digest.readUInt8(digest.length - 1) & 0x0f
  return String((digest.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, '0')
}

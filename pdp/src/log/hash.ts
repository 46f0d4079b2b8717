/**
 * Node's SHA-256, for the formats of `@mandate/protocol`.
 *
 * @module
 */
import { hash } from 'node:crypto'
import { HASH_BYTES } from '@mandate/protocol'

/** SHA-256 of `data`: 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  const digest = Buffer.allocUnsafe(HASH_BYTES)
  // A string of bytes into a buffer we have takes half the time of an ArrayBuffer of its own.
  digest.write(hash('sha256', data, 'binary'), 'latin1')
  return digest
}

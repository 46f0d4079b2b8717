/**
 * SHA-256 of Node, for the formats of `@mandate/protocol`.
 *
 * @module
 */
import { hash } from 'node:crypto'
import { HASH_BYTES } from '@mandate/protocol'

/** SHA-256 of `data`: 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  const digest = Buffer.allocUnsafe(HASH_BYTES)
  // Writing a binary string into an existing buffer takes half the time of allocating an ArrayBuffer per hash.
  digest.write(hash('sha256', data, 'binary'), 'latin1')
  return digest
}

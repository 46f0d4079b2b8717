/**
 * Node's SHA-256, for the formats of `@mandate/protocol`.
 *
 * @module
 */
import { hash } from 'node:crypto'

/** SHA-256 of `data`: 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return hash('sha256', data, 'buffer')
}

/**
 * Encrypted entry bundles in an archive ("sealed" in file names): old entries that were moved out of a log, whose hashes stay. AES-256-GCM under the
 * archive's own key, with the log's origin and the bundle's index as associated data, so that a bundle cannot be swapped for another. WebCrypto, so
 * that browsers can read it.
 *
 * @module
 */
import { TILE_WIDTH, tilePath } from './tile.ts'

const MAGIC = new TextEncoder().encode('mdsb1\n')
const NONCE_BYTES = 12

/** Path of a bundle below the archive's folder: `tile/entries/x001/234.sealed`. @param index - Of the bundle: 256 entries each. */
export const archivedBundlePath = (index: number): string =>
  `${tilePath({ level: 'entries', index, width: TILE_WIDTH })}.sealed`

/** Content of a log's `sealed` file. @param entries - How many of the first entries are in the archive and no longer in the log. */
export function formatArchivedSize(entries: number): string {
  return `${entries}\n`
}

/** Parses a log's `sealed` file. Returns the number of archived entries, a multiple of 256; `undefined` for malformed content. */
export function parseArchivedSize(text: string): number | undefined {
  const entries = /^(?:0|[1-9]\d{0,15})\n$/u.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(entries) && entries % TILE_WIDTH === 0 ? entries : undefined
}

/**
 * Encrypts a full bundle of 256 entries.
 *
 * @param key - 32 bytes.
 * @param nonce - 12 random bytes, never used before with this key.
 * @returns Magic, nonce and ciphertext with its tag. Rejects when WebCrypto does.
 */
export async function encryptBundle(
  key: Uint8Array<ArrayBuffer>,
  origin: string,
  index: number,
  bundle: Uint8Array<ArrayBuffer>,
  nonce: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const sealed = await crypto.subtle.encrypt(algorithmOf(nonce, origin, index), await imported(key, 'encrypt'), bundle)
  const bytes = new Uint8Array(MAGIC.length + NONCE_BYTES + sealed.byteLength)
  bytes.set(MAGIC)
  bytes.set(nonce, MAGIC.length)
  bytes.set(new Uint8Array(sealed), MAGIC.length + NONCE_BYTES)
  return bytes
}

/** Decrypts an archived bundle. Resolves to `undefined` when it is altered, or belongs to another index, log or key. */
export async function decryptBundle(
  key: Uint8Array<ArrayBuffer>,
  origin: string,
  index: number,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!MAGIC.every((byte, at) => sealed[at] === byte)) return undefined
  const nonce = sealed.slice(MAGIC.length, MAGIC.length + NONCE_BYTES)
  const box = sealed.slice(MAGIC.length + NONCE_BYTES)
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt(algorithmOf(nonce, origin, index), await imported(key, 'decrypt'), box),
    )
  } catch {
    return undefined
  }
}

const algorithmOf = (iv: Uint8Array<ArrayBuffer>, origin: string, index: number) => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(`${origin}\n${index}\n`),
})

const imported = (key: Uint8Array<ArrayBuffer>, use: 'encrypt' | 'decrypt') =>
  crypto.subtle.importKey('raw', key, 'AES-GCM', false, [use])

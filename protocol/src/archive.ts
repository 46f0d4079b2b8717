/**
 * Sealed entry bundles: what a log keeps of its old entries once they are archived. AES-256-GCM under a key of the archive's own; the log's
 * name and the bundle's place are bound to it, so that no bundle opens in another's place. WebCrypto: readable in a browser too.
 *
 * @module
 */
import { TILE_WIDTH, tilePath } from './tile.ts'

const MAGIC = new TextEncoder().encode('mdsb1\n')
const NONCE_BYTES = 12

/** Where a bundle lies in an archive, below its folder. */
export const archivedBundlePath = (index: number): string =>
  `${tilePath({ level: 'entries', index, width: TILE_WIDTH })}.sealed`

/** What a log's `sealed` file says: how many of its first entries are in an archive and no more in the log. */
export function formatArchivedSize(entries: number): string {
  return `${entries}\n`
}

/** @returns `undefined` for what is no such file: a whole number of bundles. */
export function parseArchivedSize(text: string): number | undefined {
  const entries = /^(?:0|[1-9]\d{0,15})\n$/u.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(entries) && entries % TILE_WIDTH === 0 ? entries : undefined
}

/**
 * Seals a full bundle.
 *
 * @param nonce - 12 random bytes, never used before with this key.
 */
export async function encryptBundle(
  key: Uint8Array<ArrayBuffer>,
  origin: string,
  index: number,
  bundle: Uint8Array<ArrayBuffer>,
  nonce: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const sealed = await crypto.subtle.encrypt(rules(nonce, origin, index), await imported(key, 'encrypt'), bundle)
  const bytes = new Uint8Array(MAGIC.length + NONCE_BYTES + sealed.byteLength)
  bytes.set(MAGIC)
  bytes.set(nonce, MAGIC.length)
  bytes.set(new Uint8Array(sealed), MAGIC.length + NONCE_BYTES)
  return bytes
}

/** @returns `undefined` for what does not open: altered, of another place or log, or under another key. */
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
    return new Uint8Array(await crypto.subtle.decrypt(rules(nonce, origin, index), await imported(key, 'decrypt'), box))
  } catch {
    return undefined
  }
}

const rules = (iv: Uint8Array<ArrayBuffer>, origin: string, index: number) => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(`${origin}\n${index}\n`),
})

const imported = (key: Uint8Array<ArrayBuffer>, use: 'encrypt' | 'decrypt') =>
  crypto.subtle.importKey('raw', key, 'AES-GCM', false, [use])

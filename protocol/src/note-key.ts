/**
 * Ed25519 keys of signed notes, shared by notes and cosignatures: key names, key IDs and text format. Pure; WebCrypto signs and verifies.
 *
 * @see {@link https://c2sp.org/signed-note signed-note}
 * @module
 */

/** Signature type of a key that signs note texts (C2SP signed-note). */
export const NOTE_TYPE = 0x01
/** Signature type of a key that cosigns checkpoints (C2SP tlog-cosignature). */
export const COSIGNATURE_TYPE = 0x04
const KEY_ID_BYTES = 4
const SEED_BYTES = 32
const SIGNER_PREFIX = 'PRIVATE+KEY+'
/** DER prefix of a PKCS #8 Ed25519 private key; the 32-byte seed follows (RFC 8410, section 7). */
const PKCS8_PREFIX = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32])

const utf8 = new TextEncoder()

/** Key ID: eight lower-case hexadecimal digits, as in a verifier key. A hint, not an identity: IDs can collide. */
export type KeyId = string

/** Whether a text is a valid key name: not empty, well-formed, without white space, control characters or "+". */
export function isKeyName(name: string): boolean {
  return name.length > 0 && name.isWellFormed() && !/[\p{White_Space}\p{Cc}+]/u.test(name)
}

/** Encodes bytes as standard base64 with padding (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** Decodes standard base64. `undefined` unless the text is exactly what {@link toBase64} writes for the bytes; never throws. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/u.test(text) || text.length % 4 !== 0) return undefined
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  return toBase64(bytes) === text ? bytes : undefined
}

/** Concatenates byte arrays. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Encodes bytes as lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Computes a key ID: the first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key), in hexadecimal. */
export async function keyIdOf(type: number, name: string, publicKey: Uint8Array): Promise<KeyId> {
  const material = concat(utf8.encode(`${name}\n`), Uint8Array.of(type), publicKey)
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', material))
  return toHex(digest.subarray(0, KEY_ID_BYTES))
}

/** The parts of a key's text, `name+keyId+base64(type ‖ material)`. */
export interface KeyText {
  readonly name: string
  readonly keyId: KeyId
  /** 32 bytes: a public key or a seed. */
  readonly material: Uint8Array<ArrayBuffer>
}

/**
 * Parses the text of a public key or of a private key without its prefix. Does not verify the key ID.
 *
 * @throws SyntaxError when it is malformed or of another type.
 */
export function splitKey(type: number, text: string): KeyText {
  const [, name = '', keyId = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(text) ?? []
  const material = fromBase64(encoded)
  if (!isKeyName(name) || !material) throw new SyntaxError('key: malformed')
  if (material[0] !== type || material.length !== 1 + SEED_BYTES)
    throw new SyntaxError(`key: not an Ed25519 key of type ${type}`)
  return { name, keyId, material: material.slice(1) }
}

/** Serializes a key: the inverse of {@link splitKey}. */
export function joinKey(
  type: number,
  { name, keyId, material }: Omit<KeyText, 'material'> & { readonly material: Uint8Array },
): string {
  return `${name}+${keyId}+${toBase64(concat(Uint8Array.of(type), material))}`
}

/** Parses a verifier key. @throws SyntaxError when it is malformed, of another type, or its key ID does not match. */
export async function parsePublicKey(
  type: number,
  vkey: string,
): Promise<{ name: string; keyId: KeyId; publicKey: Uint8Array }> {
  const { name, keyId, material } = splitKey(type, vkey.trim())
  if ((await keyIdOf(type, name, material)) !== keyId) throw new SyntaxError('key: the key ID does not match the key')
  return { name, keyId, publicKey: material }
}

/** Serializes a private key, `PRIVATE+KEY+name+keyId+base64(type ‖ seed)`. The result is a secret. */
export function formatSecret(
  type: number,
  key: { readonly name: string; readonly keyId: KeyId },
  seed: Uint8Array,
): string {
  return `${SIGNER_PREFIX}${joinKey(type, { ...key, material: seed })}`
}

/** Parses a private key. @throws SyntaxError when it is malformed; the message contains no part of the key. */
export function splitSecret(type: number, skey: string): KeyText {
  const text = skey.trim()
  if (!text.startsWith(SIGNER_PREFIX)) throw new SyntaxError('key: not a signer key')
  return splitKey(type, text.slice(SIGNER_PREFIX.length))
}

/** An Ed25519 private key. The seed is not exported. */
export interface SigningKey {
  readonly name: string
  readonly keyId: KeyId
  readonly publicKey: Uint8Array
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
}

/**
 * Creates a signing key from its seed.
 *
 * @param seed - 32 bytes from a cryptographic random source.
 * @throws TypeError for an invalid name or seed length.
 */
export async function signingKeyOf(type: number, name: string, seed: Uint8Array): Promise<SigningKey> {
  if (!isKeyName(name)) throw new TypeError('a key name must not be empty, and must not contain white space or "+"')
  if (seed.length !== SEED_BYTES) throw new TypeError('an Ed25519 seed is 32 bytes')
  const key = await crypto.subtle.importKey('pkcs8', concat(PKCS8_PREFIX, seed), 'Ed25519', true, ['sign'])
  const { x = '' } = await crypto.subtle.exportKey('jwk', key)
  const publicKey = fromBase64(`${x.replaceAll('-', '+').replaceAll('_', '/')}=`)
  if (!publicKey) throw new TypeError('WebCrypto gave no public key')
  return {
    name,
    keyId: await keyIdOf(type, name, publicKey),
    publicKey,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, message)),
  }
}

/** Verifies an Ed25519 signature (RFC 8032). Rejects only for a public key that is not 32 bytes. */
export async function signatureHolds(
  publicKey: Uint8Array,
  signature: Uint8Array,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(publicKey), 'Ed25519', false, ['verify'])
  return crypto.subtle.verify('Ed25519', key, new Uint8Array(signature), message)
}

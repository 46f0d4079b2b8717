/**
 * C2SP signed notes with Ed25519 keys: text, signature lines, verifier and signer keys. Pure: signing and verifying are WebCrypto's.
 *
 * @see {@link https://c2sp.org/signed-note signed-note}
 * @module
 */

/** Signature type of Ed25519 in a key's material and id. */
const ED25519 = 0x01
const PUBLIC_KEY_BYTES = 32
const SEED_BYTES = 32
const KEY_ID_BYTES = 4
const SIGNER_PREFIX = 'PRIVATE+KEY+'
/** RFC 8410: what stands before the 32-byte seed in a PKCS #8 Ed25519 key. */
const PKCS8_PREFIX = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32])
/** The longest note that is read, in UTF-16 code units, and the most signatures: the specification asks for 16 at least. */
const MAX_NOTE_LENGTH = 1_000_000
const MAX_SIGNATURES = 100

const utf8 = new TextEncoder()

/** Eight lower-case hexadecimal digits, as in a verifier key. */
export type KeyId = string

export interface NoteSignature {
  readonly name: string
  readonly keyId: KeyId
  readonly signature: Uint8Array
}

/** A note taken apart. Nothing in it is to be believed before {@link verifyNote}. */
export interface Note {
  /** Ends in a newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

export interface VerifierKey {
  readonly name: string
  readonly keyId: KeyId
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

/** Signs note texts with one key. */
export interface NoteSigner {
  readonly name: string
  readonly keyId: KeyId
  readonly verifierKey: VerifierKey
  sign(text: string): Promise<NoteSignature>
}

/** A note whose signatures by known keys all hold, at least one; or what is wrong with it. */
export type NoteVerdict =
  | { readonly ok: true; readonly note: Note; readonly signedBy: readonly VerifierKey[] }
  | { readonly ok: false; readonly objection: string }

function isKeyName(name: string): boolean {
  return name.length > 0 && name.isWellFormed() && !/[\p{White_Space}\p{Cc}+]/u.test(name)
}

/** Standard base 64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** The bytes of standard base 64, or `undefined` when it is not written exactly as {@link toBase64} would. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/u.test(text) || text.length % 4 !== 0) return undefined
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  return toBase64(bytes) === text ? bytes : undefined
}

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The note in its written form. */
export function formatNote({ text, signatures }: Note): string {
  const lines = signatures.map(({ name, keyId, signature }) => {
    const id = Uint8Array.from(keyId.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
    return `— ${name} ${toBase64(concat(id, signature))}\n`
  })
  return `${text}\n${lines.join('')}`
}

function parseSignature(line: string): NoteSignature {
  const [, name = '', encoded = ''] = /^— (\S+) (\S+)$/u.exec(line) ?? []
  const bytes = fromBase64(encoded)
  if (!isKeyName(name) || !bytes || bytes.length <= KEY_ID_BYTES)
    throw new SyntaxError('note: malformed signature line')
  return { name, keyId: toHex(bytes.subarray(0, KEY_ID_BYTES)), signature: bytes.slice(KEY_ID_BYTES) }
}

/**
 * Takes a note apart without verifying anything.
 *
 * @throws SyntaxError for what is no signed note.
 */
export function parseNote(note: string): Note {
  if (note.length > MAX_NOTE_LENGTH) throw new SyntaxError('note: too long')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what the format forbids
  if (!note.isWellFormed() || /[\u0000-\u0009\u000b-\u001f]/u.test(note))
    throw new SyntaxError('note: control character')
  const blank = note.lastIndexOf('\n\n')
  if (blank < 0 || !note.endsWith('\n')) throw new SyntaxError('note: no signatures')
  const lines = note.slice(blank + 2, -1).split('\n')
  if (lines.length > MAX_SIGNATURES) throw new SyntaxError('note: too many signatures')
  return { text: note.slice(0, blank + 1), signatures: lines.map(parseSignature) }
}

/** SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), its first four bytes. */
async function keyIdOf(name: string, publicKey: Uint8Array): Promise<KeyId> {
  const material = concat(utf8.encode(`${name}\n`), Uint8Array.of(ED25519), publicKey)
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', material))
  return toHex(digest.subarray(0, KEY_ID_BYTES))
}

/** `name+keyId+base64(0x01 ‖ public key)`. */
export function formatVerifierKey({ name, keyId, publicKey }: VerifierKey): string {
  return `${name}+${keyId}+${toBase64(concat(Uint8Array.of(ED25519), publicKey))}`
}

function splitKey(text: string, bytes: number): { name: string; keyId: KeyId; material: Uint8Array<ArrayBuffer> } {
  const [, name = '', keyId = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(text) ?? []
  const material = fromBase64(encoded)
  if (!isKeyName(name) || !material) throw new SyntaxError('key: malformed')
  if (material[0] !== ED25519 || material.length !== 1 + bytes) throw new SyntaxError('key: not an Ed25519 key')
  return { name, keyId, material: material.slice(1) }
}

/**
 * Reads a verifier key ("vkey").
 *
 * @throws SyntaxError when it is malformed, of another type than Ed25519, or its id is not that of its key.
 */
export async function parseVerifierKey(vkey: string): Promise<VerifierKey> {
  const { name, keyId, material } = splitKey(vkey.trim(), PUBLIC_KEY_BYTES)
  if ((await keyIdOf(name, material)) !== keyId) throw new SyntaxError('key: its id is not that of its key')
  return { name, keyId, publicKey: material }
}

/** Makes a signer from a key name and a 32-byte seed, which must come from a good source of randomness. */
export async function signerOf(name: string, seed: Uint8Array): Promise<NoteSigner> {
  if (!isKeyName(name)) throw new TypeError('a key name is not empty and holds neither spaces nor "+"')
  if (seed.length !== SEED_BYTES) throw new TypeError('an Ed25519 seed is 32 bytes')
  const key = await crypto.subtle.importKey('pkcs8', concat(PKCS8_PREFIX, seed), 'Ed25519', true, ['sign'])
  const { x = '' } = await crypto.subtle.exportKey('jwk', key)
  const publicKey = fromBase64(`${x.replaceAll('-', '+').replaceAll('_', '/')}=`)
  if (!publicKey) throw new TypeError('WebCrypto gave no public key')
  const keyId = await keyIdOf(name, publicKey)
  return {
    name,
    keyId,
    verifierKey: { name, keyId, publicKey },
    sign: async (text) => {
      const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', key, utf8.encode(text)))
      return { name, keyId, signature }
    },
  }
}

/** `PRIVATE+KEY+name+keyId+base64(0x01 ‖ seed)`: the signer key that Go's `sumdb/note` and its kin read. A secret. */
export function formatSignerKey({ name, keyId }: Pick<NoteSigner, 'name' | 'keyId'>, seed: Uint8Array): string {
  return `${SIGNER_PREFIX}${name}+${keyId}+${toBase64(concat(Uint8Array.of(ED25519), seed))}`
}

/**
 * Reads a signer key ("skey").
 *
 * @throws SyntaxError when it is malformed or its id is not that of its key. The message holds nothing of the key.
 */
export async function parseSignerKey(skey: string): Promise<NoteSigner> {
  const text = skey.trim()
  if (!text.startsWith(SIGNER_PREFIX)) throw new SyntaxError('key: not a signer key')
  const { name, keyId, material } = splitKey(text.slice(SIGNER_PREFIX.length), SEED_BYTES)
  const signer = await signerOf(name, material)
  if (signer.keyId !== keyId) throw new SyntaxError('key: its id is not that of its key')
  return signer
}

async function holds({ publicKey }: VerifierKey, { signature }: NoteSignature, text: string): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(publicKey), 'Ed25519', false, ['verify'])
  return crypto.subtle.verify('Ed25519', key, new Uint8Array(signature), utf8.encode(text))
}

/**
 * Verifies a note against the keys that the reader trusts. Signatures by other keys are ignored, even when they share a name or an
 * id with a known one; a signature by a known key that does not hold spoils the note.
 */
export async function verifyNote(written: string, keys: readonly VerifierKey[]): Promise<NoteVerdict> {
  let note: Note
  try {
    note = parseNote(written)
  } catch (error) {
    return { ok: false, objection: error instanceof SyntaxError ? error.message : 'note: unreadable' }
  }
  const signedBy: VerifierKey[] = []
  for (const signature of note.signatures) {
    const key = keys.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId)
    if (!key) continue
    if (!(await holds(key, signature, note.text))) return { ok: false, objection: `note: bad signature by ${key.name}` }
    if (!signedBy.includes(key)) signedBy.push(key)
  }
  if (signedBy.length === 0) return { ok: false, objection: 'note: no signature by a known key' }
  return { ok: true, note, signedBy }
}

/**
 * C2SP signed notes with Ed25519 keys: text, signature lines, verifier and signer keys. Pure: signing and verifying are WebCrypto's.
 *
 * @see {@link https://c2sp.org/signed-note signed-note}
 * @module
 */
import {
  concat,
  formatSecret,
  fromBase64,
  isKeyName,
  joinKey,
  type KeyId,
  NOTE_TYPE,
  parsePublicKey,
  signatureHolds,
  signingKeyOf,
  splitSecret,
  toBase64,
  toHex,
} from './note-key.ts'

export { fromBase64, type KeyId, toBase64 } from './note-key.ts'

const KEY_ID_BYTES = 4
/** The longest note that is read, in UTF-16 code units, and the most signatures: the specification asks for 16 at least. */
const MAX_NOTE_LENGTH = 1_000_000
const MAX_SIGNATURES = 100

const utf8 = new TextEncoder()

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

/** Signature lines, each with its newline. */
export function formatSignatures(signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(({ name, keyId, signature }) => {
    const id = Uint8Array.from(keyId.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
    return `— ${name} ${toBase64(concat(id, signature))}\n`
  })
  return lines.join('')
}

/** The note in its written form. */
export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${formatSignatures(signatures)}`
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

/** `name+keyId+base64(0x01 ‖ public key)`. */
export function formatVerifierKey({ name, keyId, publicKey }: VerifierKey): string {
  return joinKey(NOTE_TYPE, { name, keyId, material: publicKey })
}

/**
 * Reads a verifier key ("vkey").
 *
 * @throws SyntaxError when it is malformed, of another type than Ed25519, or its id is not that of its key.
 */
export function parseVerifierKey(vkey: string): Promise<VerifierKey> {
  return parsePublicKey(NOTE_TYPE, vkey)
}

/** Makes a signer from a key name and a 32-byte seed, which must come from a good source of randomness. */
export async function signerOf(name: string, seed: Uint8Array): Promise<NoteSigner> {
  const { keyId, publicKey, sign } = await signingKeyOf(NOTE_TYPE, name, seed)
  return {
    name,
    keyId,
    verifierKey: { name, keyId, publicKey },
    sign: async (text) => ({ name, keyId, signature: await sign(utf8.encode(text)) }),
  }
}

/** `PRIVATE+KEY+name+keyId+base64(0x01 ‖ seed)`: the signer key that Go's `sumdb/note` and its kin read. A secret. */
export function formatSignerKey(key: Pick<NoteSigner, 'name' | 'keyId'>, seed: Uint8Array): string {
  return formatSecret(NOTE_TYPE, key, seed)
}

/**
 * Reads a signer key ("skey").
 *
 * @throws SyntaxError when it is malformed or its id is not that of its key. The message holds nothing of the key.
 */
export async function parseSignerKey(skey: string): Promise<NoteSigner> {
  const { name, keyId, material } = splitSecret(NOTE_TYPE, skey)
  const signer = await signerOf(name, material)
  if (signer.keyId !== keyId) throw new SyntaxError('key: its id is not that of its key')
  return signer
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
    if (!(await signatureHolds(key.publicKey, signature.signature, utf8.encode(note.text))))
      return { ok: false, objection: `note: bad signature by ${key.name}` }
    if (!signedBy.includes(key)) signedBy.push(key)
  }
  if (signedBy.length === 0) return { ok: false, objection: 'note: no signature by a known key' }
  return { ok: true, note, signedBy }
}

/**
 * C2SP signed notes with Ed25519 keys: text, signature lines, verifier keys and signer keys. Pure; WebCrypto signs and verifies.
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
/** Maximum length of a note, in UTF-16 code units, and maximum number of signatures (the specification requires support for at least 16). */
const MAX_NOTE_LENGTH = 1_000_000
const MAX_SIGNATURES = 100

const utf8 = new TextEncoder()

/** One signature line of a note. `signature` is what follows the 4-byte key ID: for Ed25519, 64 bytes. */
export interface NoteSignature {
  readonly name: string
  readonly keyId: KeyId
  readonly signature: Uint8Array
}

/** A parsed note. Untrusted until verified ({@link verifyNote}). */
export interface Note {
  /** Ends in a newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** Public key of a log ("vkey"): verifies note signatures by that name and key ID. */
export interface VerifierKey {
  readonly name: string
  readonly keyId: KeyId
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

/** Private key that signs note texts. */
export interface NoteSigner {
  readonly name: string
  readonly keyId: KeyId
  readonly verifierKey: VerifierKey
  sign(text: string): Promise<NoteSignature>
}

/** A note with valid signatures by one or more known keys, or why verification failed (an English sentence for an operator). */
export type NoteVerdict =
  | { readonly ok: true; readonly note: Note; readonly signedBy: readonly VerifierKey[] }
  | { readonly ok: false; readonly objection: string }

/** Serializes signature lines, each with its newline. */
export function formatSignatures(signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(({ name, keyId, signature }) => {
    const id = Uint8Array.from(keyId.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
    return `— ${name} ${toBase64(concat(id, signature))}\n`
  })
  return lines.join('')
}

/** Serializes a note: text, empty line, signature lines. The inverse of {@link parseNote}. */
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
 * Parses a signed note. Verifies nothing.
 *
 * @throws SyntaxError when the text is not a signed note.
 * @see {@link https://c2sp.org/signed-note#format signed-note, format}
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

/** Serializes a verifier key, `name+keyId+base64(0x01 ‖ public key)`. */
export function formatVerifierKey({ name, keyId, publicKey }: VerifierKey): string {
  return joinKey(NOTE_TYPE, { name, keyId, material: publicKey })
}

/**
 * Parses a verifier key ("vkey").
 *
 * @throws SyntaxError (as a rejection) when it is malformed, not of type 0x01 (Ed25519), or its key ID does not match its name and public key.
 */
export function parseVerifierKey(vkey: string): Promise<VerifierKey> {
  return parsePublicKey(NOTE_TYPE, vkey)
}

/**
 * Creates a signer.
 *
 * @param name - Key name; not empty, without white space or "+". For a log, its origin.
 * @param seed - 32 bytes from a cryptographic random source.
 * @throws TypeError (as a rejection) for an invalid name or seed length.
 */
export async function signerOf(name: string, seed: Uint8Array): Promise<NoteSigner> {
  const { keyId, publicKey, sign } = await signingKeyOf(NOTE_TYPE, name, seed)
  return {
    name,
    keyId,
    verifierKey: { name, keyId, publicKey },
    sign: async (text) => ({ name, keyId, signature: await sign(utf8.encode(text)) }),
  }
}

/** Serializes a signer key, `PRIVATE+KEY+name+keyId+base64(0x01 ‖ seed)`, in the format of Go's `golang.org/x/mod/sumdb/note`. A secret. */
export function formatSignerKey(key: Pick<NoteSigner, 'name' | 'keyId'>, seed: Uint8Array): string {
  return formatSecret(NOTE_TYPE, key, seed)
}

/**
 * Parses a signer key ("skey").
 *
 * @throws SyntaxError (as a rejection) when it is malformed or its key ID does not match. The message contains no part of the key.
 */
export async function parseSignerKey(skey: string): Promise<NoteSigner> {
  const { name, keyId, material } = splitSecret(NOTE_TYPE, skey)
  const signer = await signerOf(name, material)
  if (signer.keyId !== keyId) throw new SyntaxError('key: the key ID does not match the key')
  return signer
}

/**
 * Verifies a note against trusted keys. A signature counts only when both its name and its key ID are those of a trusted key; all others are ignored.
 * One invalid signature by a trusted key fails the whole note.
 *
 * @returns The verdict. Never throws for malformed input.
 * @see {@link https://c2sp.org/signed-note#verifying signed-note}
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

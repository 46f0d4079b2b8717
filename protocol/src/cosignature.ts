/**
 * C2SP tlog-cosignature, version 1 (Ed25519): a witness states at which time it saw a checkpoint that is consistent with every earlier one it saw
 * of that log. Pure: WebCrypto signs and verifies, the time is a parameter.
 *
 * @see {@link https://c2sp.org/tlog-cosignature tlog-cosignature}
 * @module
 */
import type { EpochSeconds } from './id.ts'
import type { Note, NoteSignature } from './note.ts'
import {
  COSIGNATURE_TYPE,
  concat,
  formatSecret,
  joinKey,
  type KeyId,
  parsePublicKey,
  signatureHolds,
  signingKeyOf,
  splitSecret,
} from './note-key.ts'

const TIMESTAMP_BYTES = 8
const utf8 = new TextEncoder()

/** Public key of a witness. A type of its own, since a witness signs another message (with a timestamp) than a log's {@link VerifierKey}. */
export interface WitnessKey {
  readonly kind: 'cosignature/v1'
  readonly name: string
  readonly keyId: KeyId
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

/** Private key of a witness. */
export interface WitnessSigner {
  readonly key: WitnessKey
  /** Cosigns a checkpoint's text. The caller must have verified its consistency with the previous checkpoint. */
  cosign(text: string, at: EpochSeconds): Promise<NoteSignature>
}

/** A valid cosignature. */
export interface Cosigned {
  readonly key: WitnessKey
  /** When the witness signed, by its own clock. */
  readonly at: EpochSeconds
  readonly signature: NoteSignature
}

/** The valid cosignatures, one (the newest) per known witness; or an error when any cosignature by a known witness is invalid. */
export type CosignatureVerdict =
  | { readonly ok: true; readonly cosigned: readonly Cosigned[] }
  | { readonly ok: false; readonly objection: string }

function messageOf(text: string, at: EpochSeconds): Uint8Array<ArrayBuffer> {
  return utf8.encode(`cosignature/v1\ntime ${at}\n${text}`)
}

/**
 * Parses a witness's verifier key (signature type 0x04).
 *
 * @throws SyntaxError when it is malformed, has another type, or its key ID does not match its name and public key.
 * @see {@link https://c2sp.org/signed-note#verifier-keys signed-note, verifier keys}
 */
export async function parseWitnessKey(vkey: string): Promise<WitnessKey> {
  return { kind: 'cosignature/v1', ...(await parsePublicKey(COSIGNATURE_TYPE, vkey)) }
}

/** Serializes a witness's verifier key: `name+keyId+base64(0x04 ‖ public key)`. */
export function formatWitnessKey({ name, keyId, publicKey }: WitnessKey): string {
  return joinKey(COSIGNATURE_TYPE, { name, keyId, material: publicKey })
}

/**
 * Creates a witness's signer.
 *
 * @param name - Key name; not empty, without white space or "+".
 * @param seed - 32 bytes from a cryptographic random source. Not shared with any other key: the signed message does not include the name.
 * @throws TypeError for an invalid name or seed length.
 */
export async function witnessSignerOf(name: string, seed: Uint8Array): Promise<WitnessSigner> {
  const { keyId, publicKey, sign } = await signingKeyOf(COSIGNATURE_TYPE, name, seed)
  return {
    key: { kind: 'cosignature/v1', name, keyId, publicKey },
    cosign: async (text, at) => {
      const timestamp = new Uint8Array(TIMESTAMP_BYTES)
      new DataView(timestamp.buffer).setBigUint64(0, BigInt(at))
      return { name, keyId, signature: concat(timestamp, await sign(messageOf(text, at))) }
    },
  }
}

/** Serializes a witness's private key: `PRIVATE+KEY+name+keyId+base64(0x04 ‖ seed)`. The result is a secret. */
export function formatWitnessSecret({ name, keyId }: WitnessKey, seed: Uint8Array): string {
  return formatSecret(COSIGNATURE_TYPE, { name, keyId }, seed)
}

/**
 * Parses a witness's private key, as {@link formatWitnessSecret} writes it.
 *
 * @throws SyntaxError when it is malformed or its key ID does not match. The message contains no part of the key.
 */
export async function parseWitnessSecret(skey: string): Promise<WitnessSigner> {
  const { name, keyId, material } = splitSecret(COSIGNATURE_TYPE, skey)
  const signer = await witnessSignerOf(name, material)
  if (signer.key.keyId !== keyId) throw new SyntaxError('key: the key ID does not match the key')
  return signer
}

/** Verifies the cosignatures of the given witnesses on a note. Signatures by other keys are ignored. Never throws. */
export async function verifyCosignatures(note: Note, keys: readonly WitnessKey[]): Promise<CosignatureVerdict> {
  const newest = new Map<WitnessKey, Cosigned>()
  for (const signature of note.signatures) {
    const key = keys.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId)
    if (!key) continue
    const at = await timeOf(key, signature, note.text)
    if (at === undefined) return { ok: false, objection: `note: bad cosignature by ${key.name}` }
    const known = newest.get(key)
    if (!known || known.at < at) newest.set(key, { key, at, signature })
  }
  return { ok: true, cosigned: [...newest.values()] }
}

/** The cosignature's timestamp; `undefined` when the cosignature is invalid. */
async function timeOf(key: WitnessKey, { signature }: NoteSignature, text: string): Promise<EpochSeconds | undefined> {
  if (signature.length <= TIMESTAMP_BYTES) return undefined
  const at = Number(new DataView(signature.buffer, signature.byteOffset, TIMESTAMP_BYTES).getBigUint64(0))
  if (!Number.isSafeInteger(at)) return undefined
  return (await signatureHolds(key.publicKey, signature.subarray(TIMESTAMP_BYTES), messageOf(text, at)))
    ? at
    : undefined
}

/**
 * C2SP cosignatures of checkpoints, version 1 (Ed25519): a witness says that it saw the log only ever grow, and when. Pure: signing and verifying
 * are WebCrypto's, the time comes in.
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

/** What a witness's cosignatures are verified with. Not a {@link VerifierKey}: it signs another message. */
export interface WitnessKey {
  readonly kind: 'cosignature/v1'
  readonly name: string
  readonly keyId: KeyId
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

export interface WitnessSigner {
  readonly key: WitnessKey
  /** Cosigns the text of a checkpoint, which must have been found consistent. */
  cosign(text: string, at: EpochSeconds): Promise<NoteSignature>
}

/** A cosignature that holds. */
export interface Cosigned {
  readonly key: WitnessKey
  /** When the witness signed, by its own clock. */
  readonly at: EpochSeconds
  readonly signature: NoteSignature
}

/** Every cosignature by a known witness holds, each witness once with its newest; or one does not. */
export type CosignatureVerdict =
  | { readonly ok: true; readonly cosigned: readonly Cosigned[] }
  | { readonly ok: false; readonly objection: string }

function messageOf(text: string, at: EpochSeconds): Uint8Array<ArrayBuffer> {
  return utf8.encode(`cosignature/v1\ntime ${at}\n${text}`)
}

/**
 * Reads a witness's verifier key: type 0x04.
 *
 * @throws SyntaxError when it is malformed, of another type, or its id is not that of its key.
 */
export async function parseWitnessKey(vkey: string): Promise<WitnessKey> {
  return { kind: 'cosignature/v1', ...(await parsePublicKey(COSIGNATURE_TYPE, vkey)) }
}

export function formatWitnessKey({ name, keyId, publicKey }: WitnessKey): string {
  return joinKey(COSIGNATURE_TYPE, { name, keyId, material: publicKey })
}

/** @param seed - 32 bytes from a good source of randomness; of no other key, since the message does not hold the name. */
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

/** A secret. */
export function formatWitnessSecret({ name, keyId }: WitnessKey, seed: Uint8Array): string {
  return formatSecret(COSIGNATURE_TYPE, { name, keyId }, seed)
}

/** @throws SyntaxError. The message holds nothing of the key. */
export async function parseWitnessSecret(skey: string): Promise<WitnessSigner> {
  const { name, keyId, material } = splitSecret(COSIGNATURE_TYPE, skey)
  const signer = await witnessSignerOf(name, material)
  if (signer.key.keyId !== keyId) throw new SyntaxError('key: its id is not that of its key')
  return signer
}

/** Verifies the cosignatures of known witnesses on a note. Signatures by anybody else are ignored. */
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

/** When it was signed; `undefined` for a cosignature that does not hold. */
async function timeOf(key: WitnessKey, { signature }: NoteSignature, text: string): Promise<EpochSeconds | undefined> {
  if (signature.length <= TIMESTAMP_BYTES) return undefined
  const at = Number(new DataView(signature.buffer, signature.byteOffset, TIMESTAMP_BYTES).getBigUint64(0))
  if (!Number.isSafeInteger(at)) return undefined
  return (await signatureHolds(key.publicKey, signature.subarray(TIMESTAMP_BYTES), messageOf(text, at)))
    ? at
    : undefined
}

/**
 * C2SP tlog-proof: a file that proves that an entry is in a log, verifiable offline with only the log's key. Pure: SHA-256 is a parameter.
 *
 * @see {@link https://c2sp.org/tlog-proof tlog-proof}
 * @module
 */
import { type Checkpoint, verifyCheckpoint } from './checkpoint.ts'
import { type AsyncSha256, HASH_BYTES, leafHashAsync, verifyInclusionAsync } from './merkle.ts'
import { fromBase64, toBase64, type VerifierKey } from './note.ts'

const FIRST_LINE = 'c2sp.org/tlog-proof@v1'
/** Maximum length of an inclusion proof in a tree of 2**53 entries (RFC 6962, section 2.1.1). */
const MAX_HASHES = 53

/** An inclusion proof with the checkpoint that it refers to. Untrusted until verified ({@link verifyLogProof}). */
export interface LogProof {
  /** The entry's index in the log, from 0. */
  readonly index: number
  /** Sibling hashes, from the leaf's level up to the root's children. Empty in a tree with one entry. */
  readonly hashes: readonly Uint8Array[]
  /** The signed checkpoint (a note), as published by the log. */
  readonly checkpoint: string
  /** Opaque extra data, not authenticated. Absent in proofs that Mandate writes. */
  readonly extra?: Uint8Array
}

/** Serializes a proof. The inverse of {@link parseLogProof}. */
export function formatLogProof({ index, hashes, checkpoint, extra }: LogProof): string {
  const head = [FIRST_LINE, ...(extra ? [`extra ${toBase64(extra)}`] : []), `index ${index}`]
  return `${[...head, ...hashes.map(toBase64)].join('\n')}\n\n${checkpoint}`
}

/**
 * Parses a proof. Verifies nothing.
 *
 * @throws SyntaxError when the text is not a tlog-proof of version 1.
 */
export function parseLogProof(text: string): LogProof {
  const blank = text.indexOf('\n\n')
  if (blank < 0) throw new SyntaxError('proof: no checkpoint')
  const [first, ...lines] = text.slice(0, blank).split('\n')
  if (first !== FIRST_LINE) throw new SyntaxError('proof: not a tlog-proof of version 1')
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(lines.shift()?.slice('extra '.length) ?? '') : null
  if (extra === undefined) throw new SyntaxError('proof: malformed extra data')
  const [, digits = ''] = /^index (0|[1-9]\d*)$/u.exec(lines.shift() ?? '') ?? []
  const index = Number(digits)
  if (digits === '' || !Number.isSafeInteger(index)) throw new SyntaxError('proof: malformed index')
  if (lines.length > MAX_HASHES) throw new SyntaxError('proof: too many hashes')
  return { index, hashes: lines.map(hashOf), checkpoint: text.slice(blank + 2), ...(extra ? { extra } : {}) }
}

function hashOf(line: string): Uint8Array {
  const hash = fromBase64(line)
  if (hash?.length !== HASH_BYTES) throw new SyntaxError('proof: malformed hash')
  return hash
}

/** Input of {@link verifyLogProof}. */
export interface ProofClaim {
  /** The proof's text. Untrusted. */
  readonly proof: string
  /** The entry's canonical JSON bytes: the leaf of the tree. Untrusted. */
  readonly entry: Uint8Array
  /** Trusted keys of the accepted logs. */
  readonly keys: readonly VerifierKey[]
}

/** The entry's index in the tree of a checkpoint that a trusted key signed; or why verification failed (an English sentence). */
export type ProofVerdict =
  | {
      readonly ok: true
      readonly index: number
      readonly checkpoint: Checkpoint
      readonly signedBy: readonly VerifierKey[]
    }
  | { readonly ok: false; readonly objection: string }

/** Verifies that an entry is in a log: checkpoint signature, then inclusion proof. Never throws for malformed input. */
export async function verifyLogProof(sha256: AsyncSha256, { proof, entry, keys }: ProofClaim): Promise<ProofVerdict> {
  let parsed: LogProof
  try {
    parsed = parseLogProof(proof)
  } catch (error) {
    return { ok: false, objection: error instanceof SyntaxError ? error.message : 'proof: unreadable' }
  }
  const verdict = await verifyCheckpoint(parsed.checkpoint, keys)
  if (!verdict.ok) return verdict
  const { checkpoint, signedBy } = verdict
  const { index, hashes } = parsed
  const leaf = await leafHashAsync(sha256, entry)
  const { size, root } = checkpoint
  if (await verifyInclusionAsync(sha256, { leaf, index, size, root, proof: hashes }))
    return { ok: true, index, checkpoint, signedBy }
  return { ok: false, objection: `proof: the entry is not entry ${index} of this log` }
}

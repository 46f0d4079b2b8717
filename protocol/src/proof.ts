/**
 * C2SP tlog-proof: that an entry is in a log, to be checked offline with nothing but the log's key. Pure: SHA-256 comes in as a function.
 *
 * @see {@link https://c2sp.org/tlog-proof tlog-proof}
 * @module
 */
import { type Checkpoint, verifyCheckpoint } from './checkpoint.ts'
import { type AsyncSha256, HASH_BYTES, leafHashAsync, verifyInclusionAsync } from './merkle.ts'
import { fromBase64, toBase64, type VerifierKey } from './note.ts'

const FIRST_LINE = 'c2sp.org/tlog-proof@v1'
/** RFC 6962: a tree of 2**53 entries has no longer path. */
const MAX_HASHES = 53

/** An inclusion proof with the checkpoint that it leads to. Nothing in it is to be believed before {@link verifyLogProof}. */
export interface LogProof {
  /** The entry's place in the log, from 0. */
  readonly index: number
  /** From the leaf's sibling up to the root's child. Empty in a tree of one. */
  readonly hashes: readonly Uint8Array[]
  /** The signed note, as the log published it. */
  readonly checkpoint: string
  /** Opaque, and authenticated by nothing. Absent in our own. */
  readonly extra?: Uint8Array
}

/** The proof in its written form. */
export function formatLogProof({ index, hashes, checkpoint, extra }: LogProof): string {
  const head = [FIRST_LINE, ...(extra ? [`extra ${toBase64(extra)}`] : []), `index ${index}`]
  return `${[...head, ...hashes.map(toBase64)].join('\n')}\n\n${checkpoint}`
}

/**
 * Takes a proof apart without verifying anything.
 *
 * @throws SyntaxError for what is none.
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

/** What a verifier trusts and what it holds. */
export interface ProofClaim {
  /** As it was received. */
  readonly proof: string
  /** The leaf: an entry's canonical bytes. */
  readonly entry: Uint8Array
  /** Of the logs that are accepted. */
  readonly keys: readonly VerifierKey[]
}

/** The entry stands at `index` in the tree of a checkpoint signed by a known key; or what is wrong. */
export type ProofVerdict =
  | {
      readonly ok: true
      readonly index: number
      readonly checkpoint: Checkpoint
      readonly signedBy: readonly VerifierKey[]
    }
  | { readonly ok: false; readonly objection: string }

/** Verifies that an entry is in a log. Never throws for what it is given. */
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

/**
 * C2SP tlog-checkpoint: a signed note that commits to a log's size and Merkle root. Pure.
 *
 * @see {@link https://c2sp.org/tlog-checkpoint tlog-checkpoint}
 * @module
 */
import { HASH_BYTES } from './merkle.ts'
import { formatNote, fromBase64, type NoteSigner, toBase64, type VerifierKey, verifyNote } from './note.ts'

/** A tree head: origin, size and root hash of a log. Not signed; see {@link signCheckpoint}. */
export interface Checkpoint {
  /** The log's name. Trustworthy only together with the key that signed the checkpoint. */
  readonly origin: string
  /** Entries in the tree. */
  readonly size: number
  /** Merkle tree hash (RFC 6962, section 2.1): 32 bytes. */
  readonly root: Uint8Array
  /** Extension lines after the third line, without newlines. Mandate's own checkpoints have none. */
  readonly extensions: readonly string[]
}

/** Serializes a checkpoint to the text of a note, ending in a newline. The inverse of {@link parseCheckpoint}. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  return [origin, String(size), toBase64(root), ...extensions, ''].join('\n')
}

/**
 * Parses the text of a note as a checkpoint. Verifies no signature.
 *
 * @throws SyntaxError when the text is not a checkpoint, or its size is above 2**53 - 1.
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n')
  const [origin = '', sizeText = '', rootText = '', ...rest] = lines
  if (rest.pop() !== '' || origin === '') throw new SyntaxError('checkpoint: fewer than three lines')
  if (rest.includes('')) throw new SyntaxError('checkpoint: empty extension line')
  const size = Number(sizeText)
  if (!/^(0|[1-9]\d*)$/u.test(sizeText) || !Number.isSafeInteger(size))
    throw new SyntaxError('checkpoint: malformed size')
  const root = fromBase64(rootText)
  if (root?.length !== HASH_BYTES) throw new SyntaxError('checkpoint: malformed root hash')
  return { origin, size, root, extensions: rest }
}

/**
 * Signs a tree head.
 *
 * @param older - Further keys that also sign, during a key rotation.
 * @returns The signed note, ready to be published as the log's `checkpoint` file.
 */
export async function signCheckpoint(
  head: Checkpoint,
  signer: NoteSigner,
  ...older: readonly NoteSigner[]
): Promise<string> {
  const text = formatCheckpoint(head)
  return formatNote({ text, signatures: await Promise.all([signer, ...older].map((key) => key.sign(text))) })
}

/** A verified checkpoint with the known keys that signed it, or why verification failed (an English sentence for an operator). */
export type CheckpointVerdict =
  | { readonly ok: true; readonly checkpoint: Checkpoint; readonly signedBy: readonly VerifierKey[] }
  | { readonly ok: false; readonly objection: string }

/**
 * Verifies a signed checkpoint: at least one of `keys` signed it, and the name of that key is the checkpoint's origin.
 *
 * @param written - The signed note.
 * @returns The verdict. Never throws for malformed input.
 */
export async function verifyCheckpoint(written: string, keys: readonly VerifierKey[]): Promise<CheckpointVerdict> {
  const verdict = await verifyNote(written, keys)
  if (!verdict.ok) return verdict
  try {
    const checkpoint = parseCheckpoint(verdict.note.text)
    const signedBy = verdict.signedBy.filter(({ name }) => name === checkpoint.origin)
    if (signedBy.length === 0) return { ok: false, objection: 'checkpoint: signed for another origin' }
    return { ok: true, checkpoint, signedBy }
  } catch (error) {
    return { ok: false, objection: error instanceof SyntaxError ? error.message : 'checkpoint: unreadable' }
  }
}

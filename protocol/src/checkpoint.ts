/**
 * C2SP tlog-checkpoint: the text of a signed note that commits to a whole log. Pure.
 *
 * @see {@link https://c2sp.org/tlog-checkpoint tlog-checkpoint}
 * @module
 */
import { HASH_BYTES } from './merkle.ts'
import { formatNote, fromBase64, type NoteSigner, toBase64, type VerifierKey, verifyNote } from './note.ts'

/** The head of a log's tree. */
export interface Checkpoint {
  /** The log's name. A verifier trusts it only together with the key that signed it. */
  readonly origin: string
  /** Entries in the tree. */
  readonly size: number
  readonly root: Uint8Array
  /** Lines after the third, without their newlines: empty in our own. */
  readonly extensions: readonly string[]
}

/** The note text of a checkpoint. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  return [origin, String(size), toBase64(root), ...extensions, ''].join('\n')
}

/**
 * Reads the note text of a checkpoint.
 *
 * @throws SyntaxError when it is none, or its size is above 2**53 - 1.
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

/** Signs the head of a tree: the whole note. @param older - Keys that sign too, while keys overlap. */
export async function signCheckpoint(
  head: Checkpoint,
  signer: NoteSigner,
  ...older: readonly NoteSigner[]
): Promise<string> {
  const text = formatCheckpoint(head)
  return formatNote({ text, signatures: await Promise.all([signer, ...older].map((key) => key.sign(text))) })
}

/** A checkpoint signed by a known key, or what is wrong with it. */
export type CheckpointVerdict =
  | { readonly ok: true; readonly checkpoint: Checkpoint; readonly signedBy: readonly VerifierKey[] }
  | { readonly ok: false; readonly objection: string }

/** Verifies a signed checkpoint: a known key signed it, and its origin is that key's name. */
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

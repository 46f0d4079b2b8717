/**
 * A witness (C2SP tlog-witness): cosigns a checkpoint only when the log is consistent with the checkpoint that it cosigned before. It stores no entries
 * and trusts only the configured log keys.
 *
 * @see {@link https://c2sp.org/tlog-witness tlog-witness}
 * @module
 */
import {
  type AddCheckpoint,
  type Checkpoint,
  equalBytes,
  formatNote,
  formatSignatures,
  fromBase64,
  type Note,
  type NoteSignature,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  toBase64,
  type VerifierKey,
  verifyConsistency,
  verifyNote,
  WITNESS_SIZE_TYPE,
  type WitnessSigner,
} from '@mandate/protocol'
import { sha256 } from '../log-directory.ts'
import type { Cosigned, WitnessStore } from './store.ts'

/** What a witness needs to cosign. */
export interface WitnessOptions {
  readonly signer: WitnessSigner
  readonly store: WitnessStore
  /** Trusted keys by origin of the log. */
  readonly logs: ReadonlyMap<string, readonly VerifierKey[]>
  /** Current time, in seconds since 1970. */
  readonly now: () => number
  /** Called for a signed checkpoint that may prove misbehaviour of the log: a fork or a rollback. */
  readonly onSuspicion: (what: string, note: string) => void
}

/** An HTTP response. */
export interface WitnessResponse {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly body: string
  /** Content type. */
  readonly type: string
}

const TEXT = 'text/plain; charset=utf-8'
const ATTEMPTS = 3

const respond = (status: WitnessResponse['status'], body: string, type = TEXT): WitnessResponse => ({
  status,
  body,
  type,
})

/** Handles one `add-checkpoint` request. Checks are in the order of the specification. */
export async function addCheckpoint(options: WitnessOptions, body: string): Promise<WitnessResponse> {
  let request: AddCheckpoint
  let note: Note
  let checkpoint: Checkpoint
  try {
    request = parseAddCheckpoint(body)
    note = parseNote(request.checkpoint)
    checkpoint = parseCheckpoint(note.text)
  } catch (error) {
    // allowed: disclosure: SyntaxErrors come from the parsers above, and their texts are written there.
    return respond(400, `${error instanceof SyntaxError ? error.message : 'unreadable'}\n`)
  }
  const keys = options.logs.get(checkpoint.origin)
  if (!keys) return respond(404, 'The log is not known to this witness.\n')
  const verdict = await verifyNote(request.checkpoint, keys)
  if (!verdict.ok) return respond(403, `${verdict.objection}\n`)
  if (request.oldSize > checkpoint.size)
    return respond(400, 'The old size is larger than the size of the checkpoint.\n')
  const own = note.signatures.filter((line) => verdict.signedBy.some((key) => isBy(line, key)))
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = options.store.newest(checkpoint.origin)
    const refusal = objection(request, checkpoint, before, options)
    if (refusal) return refusal
    const signature = await options.signer.cosign(note.text, options.now())
    const cosigned = { text: note.text, signatures: [...own, signature] }
    const after = { size: checkpoint.size, root: toBase64(checkpoint.root), note: formatNote(cosigned) }
    // Another request changed the newest checkpoint meanwhile: try again with that one.
    if (options.store.advance(checkpoint.origin, before, after)) return respond(200, formatSignatures([signature]))
  }
  return sizeConflict(options.store.newest(checkpoint.origin))
}

const isBy = ({ name, keyId }: NoteSignature, key: VerifierKey): boolean => name === key.name && keyId === key.keyId
const sizeConflict = (newest: Cosigned | undefined): WitnessResponse =>
  respond(409, `${newest?.size ?? 0}\n`, WITNESS_SIZE_TYPE)

/** Why the checkpoint cannot be cosigned after the previous one; `undefined` when it can. */
function objection(
  { oldSize, proof, checkpoint: note }: AddCheckpoint,
  { origin, size, root }: Checkpoint,
  before: Cosigned | undefined,
  { onSuspicion }: WitnessOptions,
): WitnessResponse | undefined {
  if (size < (before?.size ?? 0)) onSuspicion(`${origin} signed ${size} entries after ${before?.size}`, note)
  if (oldSize !== (before?.size ?? 0)) return sizeConflict(before)
  const empty = sha256(new Uint8Array(0))
  const firstRoot = before ? (fromBase64(before.root) ?? empty) : empty
  if (size === 0 && !equalBytes(root, empty)) return respond(422, 'The root is not that of an empty tree.\n')
  const holds =
    oldSize === 0 ? proof.length === 0 : verifyConsistency(sha256, { firstSize: oldSize, firstRoot, size, root, proof })
  if (holds) return undefined
  if (oldSize === size && !equalBytes(firstRoot, root))
    onSuspicion(`${origin} signed two trees of ${size} entries`, note)
  return respond(422, 'The checkpoint is not consistent with the previous one.\n')
}

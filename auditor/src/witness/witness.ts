/**
 * A witness: cosigns a checkpoint when the log has only grown since the last one, and nothing else (C2SP tlog-witness). It holds no entry and
 * trusts nobody but the keys that it was given.
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
import { sha256 } from '../directory.ts'
import type { Cosigned, WitnessStore } from './store.ts'

export interface WitnessOptions {
  readonly signer: WitnessSigner
  readonly store: WitnessStore
  /** By origin: any of its keys. */
  readonly logs: ReadonlyMap<string, readonly VerifierKey[]>
  /** POSIX time. */
  readonly now: () => number
  /** Told of what may prove a log's misbehaviour: a fork or rollback that it signed. */
  readonly onSuspicion: (what: string, note: string) => void
}

export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly body: string
  readonly type: string
}

const TEXT = 'text/plain; charset=utf-8'
const ATTEMPTS = 3

const answer = (status: WitnessAnswer['status'], body: string, type = TEXT): WitnessAnswer => ({ status, body, type })

/** Answers one `add-checkpoint`. In the order of the specification. */
export async function addCheckpoint(options: WitnessOptions, body: string): Promise<WitnessAnswer> {
  let request: AddCheckpoint
  let note: Note
  let checkpoint: Checkpoint
  try {
    request = parseAddCheckpoint(body)
    note = parseNote(request.checkpoint)
    checkpoint = parseCheckpoint(note.text)
  } catch (error) {
    return answer(400, `${error instanceof SyntaxError ? error.message : 'unreadable'}\n`)
  }
  const keys = options.logs.get(checkpoint.origin)
  if (!keys) return answer(404, 'This log is not witnessed here.\n')
  const verdict = await verifyNote(request.checkpoint, keys)
  if (!verdict.ok) return answer(403, `${verdict.objection}\n`)
  if (request.oldSize > checkpoint.size) return answer(400, 'The old size is above that of the checkpoint.\n')
  const own = note.signatures.filter((line) => verdict.signedBy.some((key) => isBy(line, key)))
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = options.store.newest(checkpoint.origin)
    const refusal = objection(request, checkpoint, before, options)
    if (refusal) return refusal
    const signature = await options.signer.cosign(note.text, options.now())
    const cosigned = { text: note.text, signatures: [...own, signature] }
    const after = { size: checkpoint.size, root: toBase64(checkpoint.root), note: formatNote(cosigned) }
    // Somebody else was quicker: look again.
    if (options.store.advance(checkpoint.origin, before, after)) return answer(200, formatSignatures([signature]))
  }
  return sizeAnswer(options.store.newest(checkpoint.origin))
}

const isBy = ({ name, keyId }: NoteSignature, key: VerifierKey): boolean => name === key.name && keyId === key.keyId
const sizeAnswer = (newest: Cosigned | undefined): WitnessAnswer =>
  answer(409, `${newest?.size ?? 0}\n`, WITNESS_SIZE_TYPE)

/** Why the checkpoint is not to be cosigned after what was cosigned before. */
function objection(
  { oldSize, proof, checkpoint: note }: AddCheckpoint,
  { origin, size, root }: Checkpoint,
  before: Cosigned | undefined,
  { onSuspicion }: WitnessOptions,
): WitnessAnswer | undefined {
  if (size < (before?.size ?? 0)) onSuspicion(`${origin} signed ${size} entries after ${before?.size}`, note)
  if (oldSize !== (before?.size ?? 0)) return sizeAnswer(before)
  const empty = sha256(new Uint8Array(0))
  const firstRoot = before ? (fromBase64(before.root) ?? empty) : empty
  if (size === 0 && !equalBytes(root, empty)) return answer(422, 'A tree without entries has another root.\n')
  const holds =
    oldSize === 0 ? proof.length === 0 : verifyConsistency(sha256, { firstSize: oldSize, firstRoot, size, root, proof })
  if (holds) return undefined
  if (oldSize === size && !equalBytes(firstRoot, root))
    onSuspicion(`${origin} signed two trees of ${size} entries`, note)
  return answer(422, 'The checkpoint does not go on from the one before.\n')
}

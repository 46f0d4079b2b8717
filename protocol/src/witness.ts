/**
 * C2SP tlog-witness: the body of an `add-checkpoint` request. Pure.
 *
 * @see {@link https://c2sp.org/tlog-witness tlog-witness}
 * @module
 */
import { HASH_BYTES } from './merkle.ts'
import { fromBase64, toBase64 } from './note.ts'

const MAX_HASHES = 63
/** Content type of a 409 response, whose body is the tree size that the witness last cosigned (C2SP tlog-witness). */
export const WITNESS_SIZE_TYPE = 'text/x.tlog.size'

/** An `add-checkpoint` request. */
export interface AddCheckpoint {
  /** Size of the tree that the witness last cosigned; 0 when none. */
  readonly oldSize: number
  /** Consistency proof from `oldSize` to the checkpoint (RFC 6962, section 2.1.2): 32-byte hashes. */
  readonly proof: readonly Uint8Array[]
  /** The signed note. */
  readonly checkpoint: string
}

/** Serializes a request body. The inverse of {@link parseAddCheckpoint}. */
export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  return `${[`old ${oldSize}`, ...proof.map(toBase64)].join('\n')}\n\n${checkpoint}`
}

/** Parses a request body. Verifies nothing. @throws SyntaxError when it is malformed. */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  const blank = body.indexOf('\n\n')
  if (blank < 0) throw new SyntaxError('add-checkpoint: no empty line')
  const [first = '', ...lines] = body.slice(0, blank).split('\n')
  const oldSize = parseSize(first.startsWith('old ') ? first.slice('old '.length) : '')
  if (oldSize === undefined) throw new SyntaxError('add-checkpoint: malformed old size')
  if (lines.length > MAX_HASHES) throw new SyntaxError('add-checkpoint: too many hashes')
  const proof = lines.map((line) => {
    const hash = fromBase64(line)
    if (hash?.length !== HASH_BYTES) throw new SyntaxError('add-checkpoint: malformed hash')
    return hash
  })
  return { oldSize, proof, checkpoint: body.slice(blank + 2) }
}

/** Parses a tree size: decimal, without leading zeros, at most 2**53 - 1. `undefined` for anything else; never throws. */
export function parseSize(text: string): number | undefined {
  const size = Number(text)
  return /^(0|[1-9]\d*)$/u.test(text) && Number.isSafeInteger(size) ? size : undefined
}

/**
 * What goes to a witness: the body of C2SP tlog-witness's `add-checkpoint`. Pure.
 *
 * @see {@link https://c2sp.org/tlog-witness tlog-witness}
 * @module
 */
import { HASH_BYTES } from './merkle.ts'
import { fromBase64, toBase64 } from './note.ts'

const MAX_HASHES = 63
/** Of the 409 that says how far a witness is. */
export const WITNESS_SIZE_TYPE = 'text/x.tlog.size'

export interface AddCheckpoint {
  /** Size of the tree that the witness cosigned last: 0 for none. */
  readonly oldSize: number
  /** Consistency proof from there to the checkpoint. */
  readonly proof: readonly Uint8Array[]
  /** The signed note. */
  readonly checkpoint: string
}

export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  return `${[`old ${oldSize}`, ...proof.map(toBase64)].join('\n')}\n\n${checkpoint}`
}

/** Takes a request apart. @throws SyntaxError for what is none. */
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

/** A size in decimal without leading zeroes; `undefined` for anything else. */
export function parseSize(text: string): number | undefined {
  const size = Number(text)
  return /^(0|[1-9]\d*)$/u.test(text) && Number.isSafeInteger(size) ? size : undefined
}

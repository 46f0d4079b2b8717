/**
 * Tells a wrong `--key` file from a log that was tampered with.
 *
 * @module
 */
import { parseCheckpoint, parseNote, type VerifierKey } from '@mandate/protocol'
import { EXIT, SourceError } from './source-error.ts'

/**
 * Rejects keys of which none is of the checkpoint's log. A log whose origin is that of a key is never rejected here, whatever signed it: its signature
 * is for the verification. Likewise when an earlier checkpoint of the auditor is of a key's log: the keys are then the right ones.
 *
 * @param checkpoint - Unverified. A malformed one is left to the verification.
 * @param earlier - Checkpoints of `--checkpoint` and `--anchor`.
 * @throws SourceError (exit 64)
 */
export function requireKeyOfLog(
  checkpoint: string,
  keys: readonly VerifierKey[],
  earlier: readonly string[] = [],
): void {
  const found = originOf(checkpoint)
  if (found === undefined) return
  const isOfKeys = (origin: string | undefined): boolean => keys.some(({ name }) => name === origin)
  if (isOfKeys(found) || earlier.some((one) => isOfKeys(originOf(one)))) return
  const signers = parseNote(checkpoint).signatures.map(nameOf).join(', ')
  const given = keys.map(nameOf).join(', ')
  throw new SourceError(
    EXIT.usage,
    `the checkpoint is of log ${found} and signed by key ${signers}; the keys given are ${given}: is it the wrong key file? Nothing was verified`,
  )
}

const nameOf = ({ name, keyId }: Pick<VerifierKey, 'name' | 'keyId'>): string => `${name}+${keyId}`

/** Origin that an unverified checkpoint claims; `undefined` for a malformed one. */
function originOf(checkpoint: string): string | undefined {
  try {
    return parseCheckpoint(parseNote(checkpoint).text).origin
  } catch {
    return undefined
  }
}

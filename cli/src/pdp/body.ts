/**
 * Bodies of responses, bounded: a server that is not the PDP, or not a good one, cannot fill the memory.
 *
 * @module
 */
import { CommandError, EXIT } from '../exit.ts'

/** More than any list of the PDP, which has pages. */
export const MAX_BODY_BYTES = 32 * 1_024 * 1_024

/**
 * Reads a body as JSON; `undefined` when it is none.
 *
 * @throws CommandError with exit 65 for a body above {@link MAX_BODY_BYTES}, 69 for one that ends early or takes too long
 */
export async function jsonBody(response: Response, origin: string): Promise<unknown> {
  const text = await textOf(response, origin)
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function textOf({ body }: Response, origin: string): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of body ?? []) {
      size += part.byteLength
      // Leaving the loop cancels the stream.
      if (size > MAX_BODY_BYTES) break
      parts.push(part)
    }
  } catch (cause) {
    throw new CommandError(EXIT.unreachable, `The response of ${origin} ended early.`, { code: 'unreachable', cause })
  }
  if (size > MAX_BODY_BYTES)
    throw new CommandError(EXIT.data, `The response of ${origin} is too long.`, {
      code: 'response',
      mend: 'Is this the address of a PDP?',
    })
  return Buffer.concat(parts).toString('utf8')
}

/**
 * Reads response bodies with a size limit and a stall timeout.
 *
 * @module
 */
import { localProblem } from './problems.ts'

/** Gives up when no data has arrived for this time, in milliseconds. */
const STALLED_MS = 30_000

/** The body, chunk by chunk. @throws Error when the connection breaks, or no data arrives for `stalledMs`. */
export async function* readChunks(
  response: Response,
  stalledMs: number = STALLED_MS,
): AsyncGenerator<Uint8Array, void> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader()
  if (!reader) return
  try {
    for (;;) {
      const { done, value } = await withStallTimeout(reader.read(), stalledMs)
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

async function withStallTimeout<T>(read: Promise<T>, stalledMs: number): Promise<T> {
  const { promise: stalled, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('the response has stalled')), stalledMs)
  try {
    return await Promise.race([read, stalled])
  } finally {
    clearTimeout(timer)
  }
}

/** Reads a body as text. @throws CallProblem `unreadable_answer` when it is longer than `maxBytes`; Error when the connection breaks. */
export async function readBoundedText(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const piece of readChunks(response)) {
    length += piece.byteLength
    if (length > maxBytes) throw localProblem('unreadable_answer', { detail: 'it is too long' })
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}

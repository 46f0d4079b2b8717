/**
 * Answers read no further than they may be long, and no longer than they move.
 *
 * @module
 */
import { localProblem } from './problems.ts'

/** Nothing came for so long: it is over, in milliseconds. */
const STALLED_MS = 30_000

/** The body piece by piece. @throws when it breaks off or stands still. */
export async function* piecesOf(response: Response, stalledMs: number = STALLED_MS): AsyncGenerator<Uint8Array, void> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader()
  if (!reader) return
  try {
    for (;;) {
      const { done, value } = await moving(reader.read(), stalledMs)
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

async function moving<T>(read: Promise<T>, stalledMs: number): Promise<T> {
  const { promise: stalled, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('the answer stands still')), stalledMs)
  try {
    return await Promise.race([read, stalled])
  } finally {
    clearTimeout(timer)
  }
}

/** @throws CallProblem `unreadable_answer` when it is longer; an Error when it breaks off. */
export async function readText(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const piece of piecesOf(response)) {
    length += piece.byteLength
    if (length > maxBytes) throw localProblem('unreadable_answer', { detail: 'it is too long' })
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}

/**
 * Server-sent events, parsed from a byte stream as they arrive. `eventsource-parser` knows the format; this module bounds an event's size and
 * gives an async iterator.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html Server-sent events}
 * @module
 */
import { createParser } from 'eventsource-parser'

/** One block of the stream, ended by a blank line. Blocks with neither `id` nor `data`, such as comments, are not reported. */
export interface ServerSentEvent {
  /** For `Last-Event-ID` after a reconnect. A block may carry an id and no data. */
  readonly id: string | undefined
  /** The `data` lines, joined by a line feed; `undefined` when the block has none. */
  readonly data: string | undefined
  /** The `event` line; absent: `message`. */
  readonly name?: string | undefined
}

/** Bounds of a stream that is read. */
export interface ServerSentEventOptions {
  /** Longest event, in UTF-16 code units of its `data`. @default 1048576 */
  readonly maxEventLength?: number
}

const MAX_EVENT_LENGTH = 1_048_576

/** An event is longer than the reader accepts. Reconnecting at the same id would meet it again. */
export class EventTooLongError extends Error {
  override readonly name = 'EventTooLongError'

  constructor(maxLength: number) {
    super(`an event is longer than ${maxLength} characters`)
  }
}

/**
 * Parses a `text/event-stream` body.
 *
 * @param chunks - The body as it arrives, cut anywhere. An unfinished event at its end is dropped, as the standard says.
 * @throws EventTooLongError; whatever `chunks` throws.
 */
export async function* serverSentEvents(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { maxEventLength = MAX_EVENT_LENGTH }: ServerSentEventOptions = {},
): AsyncGenerator<ServerSentEvent, void> {
  let events: ServerSentEvent[] = []
  let isTooLong = false
  const parser = createParser({
    maxBufferSize: maxEventLength,
    onError: ({ type }) => {
      isTooLong ||= type === 'max-buffer-size-exceeded'
    },
    // Called at the end of a block, right before `onEvent` when the block has data as well.
    onId: (id) => events.push({ id, data: undefined }),
    onEvent: ({ id, data, event }) => {
      if (id !== undefined) events.pop()
      // The parser's own bound counts what it holds between two chunks, not what one chunk completes.
      isTooLong ||= data.length > maxEventLength
      events.push({ id, data, ...(event === undefined ? {} : { name: event }) })
    },
  })
  const decoder = new TextDecoder()
  for await (const chunk of chunks) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    if (isTooLong) throw new EventTooLongError(maxEventLength)
    yield* events
    events = []
  }
}

/** The event's data as JSON; `undefined` when it has none, or is not JSON. */
export function jsonOf({ data }: ServerSentEvent): unknown {
  if (data === undefined) return undefined
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

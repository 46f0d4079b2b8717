/**
 * Server-sent events, read from an answer as they come.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html Server-sent events}
 * @module
 */
import { piecesOf } from './bounded.ts'

export interface ServerEvent {
  /** Where to go on from; also of events that say nothing else. */
  readonly id: string | undefined
  /** `undefined`: it says nothing. */
  readonly data: string | undefined
}

/** Services say something at least every 15 seconds. */
const SILENT_MS = 45_000
/** In characters; an entry is at most 64 KiB. */
const MAX_EVENT = 1_048_576

/** @throws when the stream stands still, breaks off, or one event is too long. Ends when the service ends it. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent, void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of piecesOf(response, SILENT_MS)) {
    rest = (rest + decoder.decode(piece, { stream: true })).replaceAll('\r\n', '\n')
    const events = rest.split('\n\n')
    rest = events.pop() ?? ''
    if (rest.length > MAX_EVENT) throw new Error('an event is too long')
    for (const event of events) yield eventIn(event)
  }
}

function eventIn(text: string): ServerEvent {
  let id: string | undefined
  const data: string[] = []
  for (const line of text.split('\n')) {
    const [, field, value = ''] = /^(?<field>[^:]+)(?:: ?(?<value>.*))?$/u.exec(line) ?? []
    if (field === 'id') id = value
    if (field === 'data') data.push(value)
  }
  return { id, data: data.length > 0 ? data.join('\n') : undefined }
}

/** The data as JSON; `undefined` when it is none. */
export function dataOf({ data }: ServerEvent): unknown {
  if (data === undefined) return undefined
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

/**
 * A service's event stream, given up when it falls silent.
 *
 * @module
 */
import { type ServerSentEvent, serverSentEvents } from '@mandate/service/sse'
import { readChunks } from './response-body.ts'

/** Services send something at least every 15 seconds. In milliseconds. */
const SILENT_MS = 45_000

/** @throws when the stream is silent for {@link SILENT_MS}, breaks off, or one event is too long. Ends when the service ends it. */
export function eventsOf(response: Response): AsyncGenerator<ServerSentEvent, void> {
  return serverSentEvents(readChunks(response, SILENT_MS))
}

/**
 * `mandate-audit watch`: prints new entries as they are logged, from a PDP's event stream, or by polling a log directory.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { entryMatches, type LoggedEntry, loggedEntrySchema } from '@mandate/protocol'
import { EventTooLongError, jsonOf, serverSentEvents } from '@mandate/service/sse'
import {
  hasFlag,
  type LogFilters,
  type ParsedOptions,
  type ProcessIo,
  parseFilters,
  parseLimit,
  parseLocation,
  rejectPositionals,
} from './command-line.ts'
import { formatRow } from './format-text.ts'
import { type PdpServer, requestPdp } from './pdp-client.ts'
import { loggedEntries } from './source.ts'
import { EXIT, SourceError } from './source-error.ts'

/** Interval at which a log directory is polled. */
const POLL_MS = 500
const RECONNECT_MS = 2_000
const MAX_LIMIT = 1_000_000

/** Runs the command until Ctrl-C, or until `--limit` entries were printed. */
export async function watch(
  options: ParsedOptions,
  { out, err, environment, untilInterrupted }: ProcessIo,
): Promise<number> {
  rejectPositionals(options)
  const filters = parseFilters(options)
  const location = await parseLocation(options, environment)
  const most = parseLimit(options, MAX_LIMIT) ?? Number.POSITIVE_INFINITY
  const finished = new AbortController()
  const end = AbortSignal.any([finished.signal, untilInterrupted?.() ?? finished.signal])
  const entries =
    'directory' in location
      ? pollDirectory(location.directory, filters, end)
      : streamFromPdp(location.server, filters, end, (text) => err(`${text}\n`))
  let count = 0
  for await (const entry of entries) {
    out(hasFlag(options, 'json') ? `${JSON.stringify(entry)}\n` : `${formatRow(entry)}\n`)
    count += 1
    if (count >= most) break
  }
  finished.abort()
  return EXIT.ok
}

/** Yields entries that are added to a log directory from now on, oldest first. */
async function* pollDirectory(
  directory: string,
  { filter }: LogFilters,
  end: AbortSignal,
): AsyncGenerator<LoggedEntry> {
  let newestIndex = -1
  for await (const { index } of loggedEntries(directory)) {
    newestIndex = index
    break
  }
  while (!end.aborted) {
    const added: LoggedEntry[] = []
    for await (const entry of loggedEntries(directory)) {
      if (entry.index <= newestIndex) break
      added.push(entry)
    }
    newestIndex = added[0]?.index ?? newestIndex
    for (const entry of added.reverse()) if (entryMatches(entry, filter)) yield entry
    await delay(POLL_MS, undefined, { signal: end }).catch(() => undefined)
  }
}

/**
 * Yields entries of a PDP's server-sent events. Reconnects after the last received event id when the stream ends.
 *
 * @throws SourceError when the first connection fails, when the PDP refuses the request, or when an event is too long.
 */
async function* streamFromPdp(
  server: PdpServer,
  { parameters }: LogFilters,
  end: AbortSignal,
  warn: (text: string) => void,
): AsyncGenerator<LoggedEntry> {
  let lastId = ''
  let wasConnected = false
  while (!end.aborted) {
    try {
      const headers = lastId === '' ? {} : { 'last-event-id': lastId }
      const request = { accept: 'text/event-stream', headers, signal: end }
      const { body } = await requestPdp(server, `/v1/decisions/stream?${new URLSearchParams(parameters)}`, request)
      wasConnected = true
      for await (const event of serverSentEvents(body ?? [])) {
        lastId = event.id ?? lastId
        const entry = loggedEntrySchema.safeParse(jsonOf(event))
        if (entry.success) yield entry.data
      }
    } catch (error) {
      if (end.aborted) return
      // The same event would be sent again after a reconnect.
      if (error instanceof EventTooLongError) throw new SourceError(EXIT.data, error.message, { cause: error })
      const isFinal = error instanceof SourceError && error.exit !== EXIT.unreachable
      if (!wasConnected || isFinal) throw error
    }
    if (!end.aborted) warn('the stream ended; reconnecting in two seconds')
    await delay(RECONNECT_MS, undefined, { signal: end }).catch(() => undefined)
  }
}

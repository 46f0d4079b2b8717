/**
 * `mandate-audit watch`: entries as they are logged, from a PDP's event stream or by looking into a log's directory.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { entryMatches, type LoggedEntry, loggedEntrySchema } from '@mandate/protocol'
import { EventTooLongError, jsonOf, serverSentEvents } from '@mandate/service/sse'
import {
  filtersOf,
  type Given,
  type GivenFilters,
  isSet,
  limitOf,
  noPositionals,
  placeOf,
  type Surroundings,
} from './given.ts'
import { ask, EXIT, type Server, SourceError } from './http.ts'
import { loggedEntries } from './source.ts'
import { tableLine } from './text.ts'

const LOOK_MS = 500
const AGAIN_MS = 2_000
const MAX_LIMIT = 1_000_000

export async function watch(given: Given, { out, err, environment, untilInterrupted }: Surroundings): Promise<number> {
  noPositionals(given)
  const filters = filtersOf(given)
  const place = await placeOf(given, environment)
  const most = limitOf(given, MAX_LIMIT) ?? Number.POSITIVE_INFINITY
  const over = new AbortController()
  const end = AbortSignal.any([over.signal, untilInterrupted?.() ?? over.signal])
  const entries =
    'directory' in place
      ? arriving(place.directory, filters, end)
      : streamed(place.server, filters, end, (text) => err(`${text}\n`))
  let count = 0
  for await (const entry of entries) {
    out(isSet(given, 'json') ? `${JSON.stringify(entry)}\n` : `${tableLine(entry)}\n`)
    count += 1
    if (count >= most) break
  }
  over.abort()
  return EXIT.ok
}

/** What is new in a directory since the last look. Begins with what comes after this. */
async function* arriving(directory: string, { filter }: GivenFilters, end: AbortSignal): AsyncGenerator<LoggedEntry> {
  let seen = -1
  for await (const { index } of loggedEntries(directory)) {
    seen = index
    break
  }
  while (!end.aborted) {
    const fresh: LoggedEntry[] = []
    for await (const entry of loggedEntries(directory)) {
      if (entry.index <= seen) break
      fresh.push(entry)
    }
    seen = fresh[0]?.index ?? seen
    for (const entry of fresh.reverse()) if (entryMatches(entry, filter)) yield entry
    await delay(LOOK_MS, undefined, { signal: end }).catch(() => undefined)
  }
}

/** Server-sent events, taken up again where they broke off. The first refusal is the answer; a later silence is waited out. */
async function* streamed(
  server: Server,
  { given }: GivenFilters,
  end: AbortSignal,
  say: (text: string) => void,
): AsyncGenerator<LoggedEntry> {
  let last = ''
  let hasBegun = false
  while (!end.aborted) {
    try {
      const headers = last === '' ? {} : { 'last-event-id': last }
      const options = { accept: 'text/event-stream', headers, signal: end }
      const { body } = await ask(server, `/v1/decisions/stream?${new URLSearchParams(given)}`, options)
      hasBegun = true
      for await (const event of serverSentEvents(body ?? [])) {
        last = event.id ?? last
        const entry = loggedEntrySchema.safeParse(jsonOf(event))
        if (entry.success) yield entry.data
      }
    } catch (error) {
      if (end.aborted) return
      // The same event would come again after a reconnect.
      if (error instanceof EventTooLongError) throw new SourceError(EXIT.data, error.message, { cause: error })
      const isFinal = error instanceof SourceError && error.exit !== EXIT.unreachable
      if (!hasBegun || isFinal) throw error
    }
    if (!end.aborted) say('the stream ended; going on in two seconds')
    await delay(AGAIN_MS, undefined, { signal: end }).catch(() => undefined)
  }
}

/**
 * `GET /v1/decisions/stream` (rule L8): streams entries as they are logged, as server-sent events.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html Server-sent events}
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { decisionStreamSchema, type PartyRef } from '@mandate/protocol'
import type { RequestHandler, Response } from 'express'
import { z } from 'zod'
import type { EntryIndex, TailPage } from '../ports/log.ts'
import type { Recorder } from '../ports/recorder.ts'
import type { ActingChanges } from './acting-changes.ts'
import { principalOf } from './exchange.ts'
import type { PageTokens } from './page-tokens.ts'
import { parse } from './parse.ts'
import { readingBy } from './reading.ts'
import type { OpenStreams } from './streams.ts'

/** Delay in which new entries are batched, and longest silence of a stream, in milliseconds. */
const GATHER_MS = 100
const SILENT_MS = 15_000
/** Reconnection time sent to the client, in milliseconds. */
const RETRY_MS = 2_000

export interface StreamDeps {
  readonly index: EntryIndex
  readonly record: Recorder
  readonly streams: OpenStreams
  readonly tokens: PageTokens
  readonly acting: ActingChanges
}

export function streamRoute({ index, record, streams, tokens, acting }: StreamDeps): RequestHandler {
  return async (req, res) => {
    const by = principalOf(res)
    const filter = parse(decisionStreamSchema, req.query)
    const entries = readingBy(index, by)
    const of = { list: 'GET /v1/decisions/stream', by, question: filter }
    const lastId = req.get('last-event-id')
    const position = lastId === undefined ? undefined : tokens.decrypt(lastId, 'Last-Event-ID', z.string(), of)
    const read = (after?: string): Promise<TailPage> => entries.tail(filter, after)
    const end = await streams.enter(res)
    const first = await read(position)
    // A reconnection is recorded as another read: the client chooses the position.
    await record([{ kind: 'log_read', caller: by.name, ...by.origin, change: { as: 'stream' } }])
    res.status(200).set({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
    if (req.method !== 'HEAD')
      await follow(res, first, {
        index,
        read,
        streams,
        end,
        eventIdOf: (position) => tokens.encrypt(position, of),
        acting,
        // Auditors see every entry.
        party: by.roles.includes('auditor') ? undefined : by.party,
      })
    res.end()
  }
}

interface Followed {
  readonly index: EntryIndex
  readonly read: (after: string) => Promise<TailPage>
  readonly streams: OpenStreams
  readonly end: AbortSignal
  /** Encrypts a position as an event id. */
  readonly eventIdOf: (position: string) => string
  readonly acting: ActingChanges
  /** Whose grants are watched; `undefined`: none. */
  readonly party: PartyRef | undefined
}

async function follow(
  res: Response,
  first: TailPage,
  { index, read, streams, end, eventIdOf, acting, party }: Followed,
): Promise<void> {
  const bell = new Bell(end)
  const unsubscribe = index.onMore(() => bell.ring())
  let areGrantsChanged = false
  const unwatch =
    party &&
    acting.watch(party, () => {
      areGrantsChanged = true
      bell.ring()
    })
  try {
    let page = first
    let isOn = await streams.send(
      res,
      `retry: ${RETRY_MS}\n${mark(page.entries.length > 0 ? undefined : eventIdOf(page.position))}`,
      end,
    )
    while (isOn) {
      const events = page.entries.map(
        ({ entry, position }) => `id: ${eventIdOf(position)}\ndata: ${JSON.stringify(entry)}\n\n`,
      )
      if (areGrantsChanged) events.push(GRANTS_CHANGED)
      areGrantsChanged = false
      if (events.length > 0) isOn = await streams.send(res, events.join(''), end)
      else if (!(await bell.rung(SILENT_MS))) isOn = await streams.send(res, mark(eventIdOf(page.position)), end)
      if (isOn) page = await read(page.position)
    }
  } finally {
    unsubscribe()
    unwatch?.()
  }
}

/** An event without data: the client dispatches nothing, and stores the id for its next connection. */
const mark = (position: string | undefined): string => `: here\n${position === undefined ? '' : `id: ${position}\n`}\n`

/** Says that grants of the reader may permit more or less than before. By its name, readers of entries ignore it. */
const GRANTS_CHANGED = 'event: grants\ndata: {}\n\n'

/** Wakes the stream when entries have been logged. */
class Bell {
  readonly #end: AbortSignal
  #hasRung = false
  #wake: (() => void) | undefined

  constructor(end: AbortSignal) {
    this.#end = end
    end.addEventListener('abort', () => this.#wake?.(), { once: true })
  }

  ring(): void {
    this.#hasRung = true
    this.#wake?.()
  }

  /** Waits for new entries, and a moment longer to batch them; for `ms` at most. @returns `false` on timeout. */
  async rung(ms: number): Promise<boolean> {
    if (!this.#hasRung && !this.#end.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      const timer = setTimeout(resolve, ms)
      await promise
      clearTimeout(timer)
      this.#wake = undefined
    }
    if (!this.#hasRung) return false
    await sleep(GATHER_MS, undefined, { signal: this.#end }).catch(() => undefined)
    this.#hasRung = false
    return true
  }
}

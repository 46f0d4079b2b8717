/**
 * Hook for the entries of a query, newest first: older pages are loaded by scrolling, and new entries are streamed if the live mode is on.
 *
 * @module
 */
import { type LoggedEntry, loggedEntrySchema } from '@mandate/protocol'
import { newEntries } from '@mandate/ui'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { api } from './api.ts'
import type { ApiError } from './request.ts'
import { inWords } from './use.ts'

export interface Rows {
  readonly state: 'loading' | 'there' | 'failed'
  readonly entries: readonly LoggedEntry[]
  /** Number of matching entries, including new ones. */
  readonly total: number
  /** Number of new entries that are not shown yet. */
  readonly waiting: number
  /** Ids of the entries that were added last, for highlighting. */
  readonly fresh: ReadonlySet<string>
  readonly error: ApiError | undefined
  readonly isMore: boolean
  readonly isLoadingMore: boolean
  readonly live: 'off' | 'on' | 'lost'
  more(): void
  again(): void
  /** Shows the new entries. */
  show(): void
}

interface Held {
  readonly entries: readonly LoggedEntry[]
  readonly total: number
  readonly cursor: string | undefined
}

const NOTHING: Held = { entries: [], total: 0, cursor: undefined }

/**
 * Loads and streams the entries of a query.
 *
 * @param hold - Whether to hold new entries back, because the reader has scrolled down.
 */
export function useRows(query: string, isLive: boolean, hold: () => boolean): Rows {
  const [held, setHeld] = useState<Held>(NOTHING)
  const [error, setError] = useState<ApiError>()
  const [attempt, setAttempt] = useState(0)
  const state = useFirstPage(query, attempt, setHeld, setError)
  const { isLoadingMore, more } = useMore(query, attempt, held, setHeld, setError)
  const tail = useTail(query, isLive && state === 'there', hold, setHeld)
  return {
    state,
    ...held,
    ...tail,
    total: held.total + tail.waiting,
    error,
    isMore: held.cursor !== undefined,
    isLoadingMore,
    more,
    again: useCallback(() => setAttempt((before) => before + 1), []),
  }
}

type SetHeld = (change: Held | ((held: Held) => Held)) => void
type SetError = (error: ApiError | undefined) => void

/** Loads the first page of a query, again with each attempt. */
function useFirstPage(query: string, attempt: number, setHeld: SetHeld, setError: SetError): Rows['state'] {
  const [state, setState] = useState<Rows['state']>('loading')
  useEffect(() => {
    const over = new AbortController()
    setState('loading')
    setError(undefined)
    api.decisions(query, undefined, over.signal).then(
      ({ entries, total, next_cursor: cursor }) => {
        if (over.signal.aborted) return
        setHeld({ entries, total, cursor })
        setState('there')
      },
      (failure: unknown) => {
        if (over.signal.aborted) return
        setHeld(NOTHING)
        setError(inWords(failure))
        setState('failed')
      },
    )
    return () => over.abort()
  }, [query, attempt])
  return state
}

/** Loads the next page on demand, one at a time. */
function useMore(
  query: string,
  attempt: number,
  held: Held,
  setHeld: SetHeld,
  setError: SetError,
): Pick<Rows, 'isLoadingMore' | 'more'> {
  const [isLoadingMore, setLoadingMore] = useState(false)
  const latest = useRef(held)
  latest.current = held
  useEffect(() => setLoadingMore(false), [query, attempt])
  const more = useCallback(() => {
    const { cursor } = latest.current
    if (cursor === undefined || isLoadingMore) return
    setLoadingMore(true)
    setError(undefined)
    api
      .decisions(query, cursor)
      .then(({ entries, next_cursor: next }) => {
        // Meanwhile another query may have been asked: its cursor is another.
        setHeld((now) =>
          now.cursor === cursor ? { ...now, entries: [...now.entries, ...entries], cursor: next } : now,
        )
      })
      .catch((failure: unknown) => setError(inWords(failure)))
      .finally(() => setLoadingMore(false))
  }, [query, isLoadingMore])
  return { isLoadingMore, more }
}

/** New entries within this time are shown together. */
const TOGETHER_MS = 150

interface Follower {
  /** New entries, those of one burst together. */
  readonly arrived: (entries: readonly LoggedEntry[]) => void
  /** The first page once more: what came between it and the stream is in neither. */
  readonly missed: (entries: readonly LoggedEntry[]) => void
  readonly connected: (isConnected: boolean) => void
}

/** Follows the stream of a query. The browser reconnects by itself, with the last event's id. @returns what ends it. */
function follow(query: string, { arrived, missed, connected }: Follower): () => void {
  const over = new AbortController()
  let hasCaughtUp = false
  let burst: LoggedEntry[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = (): void => {
    timer = undefined
    const entries = burst
    burst = []
    arrived(entries)
  }
  const source = new EventSource(`/api/stream?${query}`)
  source.onopen = () => {
    connected(true)
    if (hasCaughtUp) return
    hasCaughtUp = true
    api.decisions(query, undefined, over.signal).then(
      ({ entries }) => missed(entries),
      () => undefined,
    )
  }
  source.onerror = () => connected(false)
  source.onmessage = (event: MessageEvent<string>) => {
    const entry = loggedEntrySchema.safeParse(jsonOf(event.data))
    if (!entry.success) return
    burst.push(entry.data)
    timer ??= setTimeout(flush, TOGETHER_MS)
  }
  return () => {
    over.abort()
    source.close()
    clearTimeout(timer)
  }
}

/** Live mode: streams new entries with an EventSource. Entries that arrive together are shown together. */
function useTail(
  query: string,
  isOn: boolean,
  hold: () => boolean,
  setHeld: (change: (held: Held) => Held) => void,
): Pick<Rows, 'waiting' | 'fresh' | 'live' | 'show'> {
  const [waiting, setWaiting] = useState<readonly LoggedEntry[]>([])
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set())
  const [live, setLive] = useState<Rows['live']>('off')
  const shown = useRef<(arrived: readonly LoggedEntry[], are?: 'new' | 'known') => void>(() => undefined)
  shown.current = (arrived, are = 'new') => {
    setHeld((held) => withNew(held, arrived))
    if (are === 'new') setFresh(new Set(arrived.map(({ id }) => id)))
  }
  useEffect(() => {
    setWaiting([])
    setFresh(new Set())
    setLive('off')
    if (!isOn) return
    return follow(query, {
      arrived: (entries) => {
        if (hold()) setWaiting((before) => [...before, ...entries])
        else shown.current(entries)
      },
      missed: (entries) => shown.current(entries, 'known'),
      connected: (isConnected) => setLive(isConnected ? 'on' : 'lost'),
    })
  }, [query, isOn])
  const show = useCallback(() => {
    setWaiting((before) => {
      if (before.length > 0) shown.current(before)
      return []
    })
  }, [])
  return { waiting: waiting.length, fresh, live, show }
}

/** Adds new entries without duplicates, newest first. */
function withNew(held: Held, arrived: readonly LoggedEntry[]): Held {
  const added = newEntries(held.entries, arrived)
  return { ...held, entries: [...added, ...held.entries], total: held.total + added.length }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

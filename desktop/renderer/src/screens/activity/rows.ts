/**
 * Entries that match the filters, newest first: pages loaded while scrolling, and new entries from the live stream.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { CallResult, Input } from '../../../../src/shared/channel.ts'
import type { ActivityPage, ProblemView } from '../../../../src/shared/views.ts'
import { useAround, useEvent } from '../../store/hooks.tsx'
import { type Filters, isAsked, queryOf } from './filters.ts'
import { isOwnLook } from './looks.ts'

export interface Rows {
  readonly state: 'loading' | 'there' | 'failed'
  readonly entries: readonly LoggedEntry[]
  /** Number of matching entries, waiting ones included. */
  readonly total: number
  /** The person's own pseudonym. */
  readonly me: string | undefined
  readonly stale: string | undefined
  /** Number of loaded entries that are hidden as own reads. */
  readonly leftOut: number
  /** Number of new entries that are not shown yet. */
  readonly waiting: number
  readonly fresh: ReadonlySet<string>
  readonly problem: ProblemView | undefined
  readonly isMore: boolean
  readonly isLoadingMore: boolean
  more(): void
  again(): void
  /** Shows the waiting entries. */
  show(): void
}

type Query = NonNullable<Input<'activity.list'>>

interface Held {
  readonly entries: readonly LoggedEntry[]
  readonly total: number
  readonly cursor: string | undefined
  readonly stale: string | undefined
  readonly leftOut: number
}

const NOTHING: Held = { entries: [], total: 0, cursor: undefined, stale: undefined, leftOut: 0 }
const PAGE = '200'
/** Collects a burst of new entries before rendering, in milliseconds. */
const TOGETHER_MS = 150
const MOST_ARRIVALS = 100

/** @param hold - Whether new entries wait: updates are paused, or the person has scrolled down. */
export function useRows(filters: Filters, hold: () => boolean): Rows {
  const { bridge, session } = useAround()
  const [held, setHeld] = useState<Held>(NOTHING)
  const [problem, setProblem] = useState<ProblemView>()
  const [attempt, setAttempt] = useState(0)
  const me = useRef<string | undefined>(undefined)
  const asked = useRef<Query>({})
  const arrivals = useRef<readonly LoggedEntry[]>([])
  useEvent('activity', (entry) => {
    arrivals.current = [...arrivals.current.slice(1 - MOST_ARRIVALS), entry]
  })
  const key = JSON.stringify(filters)
  const isShown = (entry: LoggedEntry): boolean => filters.looks === 'shown' || !isOwnLook(entry, me.current)
  const ask = useCallback(
    async (query: Query) => {
      const answer = await bridge.call('activity.list', { ...query, limit: PAGE })
      if (answer.ok) me.current = answer.value.me ?? me.current
      return answer
    },
    [bridge],
  )
  const loaded = JSON.stringify([key, attempt, session.online])
  const page = { loaded, filters, ask, asked, isShown, setHeld, setProblem }
  const state = useFirstPage({ ...page, me, arrivals })
  const { isLoadingMore, more } = useMore({ ...page, held })
  const tail = useTail(key, asked, hold, setHeld, isShown)
  return {
    state,
    ...held,
    ...tail,
    total: held.total + tail.waiting,
    me: me.current,
    problem,
    isMore: held.cursor !== undefined,
    isLoadingMore,
    more: () => void more(),
    again: useCallback(() => setAttempt((before) => before + 1), []),
  }
}

interface PageDeps {
  /** Changes whenever the first page must be loaded again: with the filters, a retry, and the connection. */
  readonly loaded: string
  readonly filters: Filters
  readonly ask: (query: Query) => Promise<CallResult<'activity.list'>>
  /** The query of the entries that are held. */
  readonly asked: { current: Query }
  readonly isShown: (entry: LoggedEntry) => boolean
  readonly setHeld: (change: Held | ((held: Held) => Held)) => void
  readonly setProblem: (problem: ProblemView | undefined) => void
}

interface FirstPageDeps extends PageDeps {
  readonly me: { readonly current: string | undefined }
  readonly arrivals: { readonly current: readonly LoggedEntry[] }
}

/** Loads the first page of the filters. */
function useFirstPage({ loaded, filters, ask, asked, isShown, setHeld, setProblem, me, arrivals }: FirstPageDeps) {
  const [state, setState] = useState<Rows['state']>('loading')
  useEffect(() => {
    let isOver = false
    const load = async (): Promise<void> => {
      if (filters.who === 'me' && me.current === undefined) await ask({})
      const query = queryOf(filters, me.current)
      asked.current = query
      const answer = await ask(query)
      if (isOver) return
      if (!answer.ok) {
        setProblem(answer.problem)
        setState('failed')
        return
      }
      const missed = since(answer.value, arrivals.current, query).filter(isShown)
      setHeld(withNew(heldOf(answer.value, answer.stale, isShown), missed))
      setState('there')
    }
    setState('loading')
    setProblem(undefined)
    void load()
    return () => {
      isOver = true
    }
    // Loads what was missed while offline.
  }, [loaded, ask])
  return state
}

/** Loads the next page on demand, one at a time. */
function useMore({ loaded, ask, asked, isShown, held, setHeld, setProblem }: PageDeps & { readonly held: Held }) {
  const [isLoadingMore, setLoadingMore] = useState(false)
  useEffect(() => setLoadingMore(false), [loaded])
  const more = useCallback(async () => {
    const { cursor } = held
    if (cursor === undefined || isLoadingMore) return
    setLoadingMore(true)
    setProblem(undefined)
    const answer = await ask({ ...asked.current, cursor })
    setLoadingMore(false)
    if (!answer.ok) return setProblem(answer.problem)
    // Ignores the page if the filters have changed meanwhile.
    setHeld((now) => (now.cursor === cursor ? withOlder(now, heldOf(answer.value, now.stale, isShown)) : now))
  }, [held, isLoadingMore, ask, loaded])
  return { isLoadingMore, more }
}

type IsShown = (entry: LoggedEntry) => boolean

function heldOf(page: ActivityPage, stale: string | undefined, isShown: IsShown): Held {
  const { entries, total, next_cursor: cursor } = page
  const shown = entries.filter(isShown)
  return { entries: shown, total, cursor, stale, leftOut: entries.length - shown.length }
}

const withOlder = (now: Held, older: Held): Held => ({
  ...now,
  entries: [...now.entries, ...older.entries],
  cursor: older.cursor,
  leftOut: now.leftOut + older.leftOut,
})

/** New entries that arrived between request and rendering of a page. */
function since({ entries }: ActivityPage, arrivals: readonly LoggedEntry[], query: Query): readonly LoggedEntry[] {
  const newest = entries[0]?.index ?? -1
  return arrivals.filter((entry) => entry.index > newest && isAsked(entry, query))
}

/** New entries of the live stream. */
function useTail(
  key: string,
  asked: { readonly current: Query },
  hold: () => boolean,
  setHeld: (change: (held: Held) => Held) => void,
  isShown: IsShown,
): Pick<Rows, 'waiting' | 'fresh' | 'show'> {
  const [waiting, setWaiting] = useState<readonly LoggedEntry[]>([])
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set())
  const burst = useRef<{ entries: LoggedEntry[]; timer: ReturnType<typeof setTimeout> | undefined }>({
    entries: [],
    timer: undefined,
  })
  const showThese = useCallback(
    (arrived: readonly LoggedEntry[]) => {
      setHeld((held) => withNew(held, arrived))
      setFresh(new Set(arrived.map(({ id }) => id)))
    },
    [setHeld],
  )
  const flush = (): void => {
    const arrived = burst.current.entries.filter((entry) => isAsked(entry, asked.current) && isShown(entry))
    burst.current = { entries: [], timer: undefined }
    if (arrived.length === 0) return
    if (hold()) setWaiting((before) => [...before, ...arrived])
    else showThese(arrived)
  }
  const latest = useRef(flush)
  latest.current = flush
  useEvent('activity', (entry) => {
    burst.current.entries.push(entry)
    burst.current.timer ??= setTimeout(() => latest.current(), TOGETHER_MS)
  })
  useEffect(() => () => clearTimeout(burst.current.timer), [])
  useEffect(() => {
    setWaiting([])
    setFresh(new Set())
  }, [key])
  const show = useCallback(() => {
    setWaiting([])
    if (waiting.length > 0) showThese(waiting)
  }, [waiting, showThese])
  return { waiting: waiting.length, fresh, show }
}

/** Number of entries that are searched for duplicates. */
const LOOK_BACK = 2_000

/** Adds new entries in log order, without duplicates. */
export function withNew(held: Held, arrived: readonly LoggedEntry[]): Held {
  const known = new Set(held.entries.slice(0, LOOK_BACK).map(({ id }) => id))
  const added = arrived.filter(({ id }, at) => !known.has(id) && arrived.findIndex((one) => one.id === id) === at)
  if (added.length === 0) return held
  const newest = added.toSorted((one, other) => other.index - one.index)
  return { ...held, entries: [...newest, ...held.entries], total: held.total + newest.length }
}

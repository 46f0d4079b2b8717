/**
 * Virtualized list of entries.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'
import { exactly, Glyph, glyphOf, minuteOf, timeOf, useInSight, useRowHeight, verdictOf, walkRows } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Empty, Failure, States } from '../../parts/states.tsx'
import { strings } from '../../strings.ts'
import { activityAddress, countOf, type Filters } from './filters.ts'
import type { Rows } from './rows.ts'
import { isFound, isSearching, type Search } from './search.ts'
import type { NamingTeller } from './teller.ts'
import { sentenceOfEntry, type Teller, whyOf } from './told.ts'

const TEXTS = strings.activity
/** Row heights in rem; must equal those of the style sheet. */
const ROW_REM = { wide: 4.25, narrow: 7.25 } as const
const AROUND = 8
const WALK = { row: '.entry', link: '.entry-link', page: 8 } as const
/** Loads the next page when fewer rows are left. */
const AHEAD = 40

interface ListProps {
  readonly rows: Rows
  readonly filters: Filters
  readonly search: Search
  readonly teller: NamingTeller
  readonly onOpen: (id: string) => void
}

/** While searching, older entries are loaded without being asked for up to this number: each page is an entry of the log. */
const MOST_SEARCHED = 2_000

export function List(all: ListProps): JSX.Element {
  const { rows: loaded, filters, search, teller } = all
  const rows = isSearching(search)
    ? { ...loaded, entries: loaded.entries.filter((entry) => isFound(entry, search, teller)) }
    : loaded
  const props = { ...all, rows, loadedCount: loaded.entries.length }
  if (rows.state === 'failed' && rows.problem) return <Failure problem={rows.problem} again={rows.again} />
  const isWaiting = rows.state === 'loading' && rows.entries.length === 0
  return (
    <States
      loaded={
        isWaiting ? { state: 'loading' } : { state: 'there', value: rows.entries, stale: rows.stale, again: rows.again }
      }
      ghosts={6}
    >
      {(entries) =>
        entries.length === 0 && rows.state === 'there' && !rows.isMore ? (
          <Nothing isFiltered={countOf(filters) > 0 || isSearching(search)} />
        ) : (
          <Virtual {...props} />
        )
      }
    </States>
  )
}

function Virtual(props: ListProps & { readonly loadedCount: number }): JSX.Element {
  const { rows, filters, search, teller, onOpen, loadedCount } = props
  const isLeft = isSearching(search) && loadedCount >= MOST_SEARCHED
  const body = useRef<HTMLOListElement>(null)
  const height = useRowHeight(ROW_REM)
  const { entries } = rows
  const { first, last } = useInSight(body, { count: entries.length, height, around: AROUND })
  useEffect(() => {
    if (!isLeft && rows.isMore && !rows.isLoadingMore && rows.problem === undefined && last + AHEAD > entries.length)
      rows.more()
  }, [isLeft, last, entries.length, rows.isMore, rows.isLoadingMore, rows.problem])
  return (
    <>
      <ol
        class={rows.state === 'loading' ? 'entries looking' : 'entries'}
        aria-label={TEXTS.list}
        aria-busy={rows.state === 'loading'}
        ref={body}
        style={{ height: `${entries.length * height}px` }}
        onKeyDown={(event) => walkRows(event, WALK)}
      >
        {entries.slice(first, last).map((entry, at) => (
          <Row
            key={entry.id}
            entry={entry}
            top={(first + at) * height}
            place={first + at + 1}
            of={rows.isMore ? -1 : entries.length}
            href={activityAddress(filters, entry.id)}
            isFresh={rows.fresh.has(entry.id)}
            teller={teller}
            onOpen={onOpen}
          />
        ))}
      </ol>
      {rows.isLoadingMore && <p class="more-rows">{TEXTS.older}</p>}
      {isLeft && rows.isMore && !rows.isLoadingMore && (
        <button type="button" class="button more-button" onClick={rows.more}>
          {TEXTS.searchOlder}
        </button>
      )}
      {rows.problem && rows.state === 'there' && <Failure problem={rows.problem} again={rows.more} />}
      {!rows.isMore && rows.state === 'there' && <p class="more-rows">{TEXTS.all}</p>}
    </>
  )
}

interface RowProps {
  readonly entry: LoggedEntry
  readonly top: number
  readonly place: number
  /** `-1`: unknown. */
  readonly of: number
  readonly href: string
  readonly isFresh: boolean
  readonly teller: Teller
  readonly onOpen: (id: string) => void
}

function Row({ entry, top, place, of, href, isFresh, teller, onOpen }: RowProps): JSX.Element {
  const verdict = verdictOf(entry)
  const why = whyOf(entry, teller)
  return (
    <li
      class={`entry entry-${verdict}${isFresh ? ' fresh' : ''}`}
      style={{ top: `${top}px` }}
      aria-posinset={place}
      aria-setsize={of}
    >
      <span class={`entry-verdict verdict verdict-${verdict}`}>
        <Glyph name={glyphOf(verdict)} />
        {TEXTS.was[verdict]}
      </span>
      <span class="entry-words">
        <a id={`row-${entry.id}`} class="entry-link" href={href} onClick={() => onOpen(entry.id)}>
          {sentenceOfEntry(entry, teller)}
        </a>
        {why !== '' && <span class="entry-why">{why}</span>}
      </span>
      <time class="entry-time" dateTime={entry.at} title={exactly(entry.at)}>
        {dayWords(entry.at)}
      </time>
    </li>
  )
}

/** Time with seconds for today, else date and minute. */
function dayWords(at: string): string {
  return new Date(at).toDateString() === new Date().toDateString() ? timeOf(at) : minuteOf(at)
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }): JSX.Element {
  if (!isFiltered) return <Empty title={TEXTS.emptyTitle} words={TEXTS.empty} />
  return (
    <Empty title={TEXTS.noneTitle} words={TEXTS.none}>
      <a class="button" href={activityAddress({})}>
        {TEXTS.clear}
      </a>
    </Empty>
  )
}

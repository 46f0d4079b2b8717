/**
 * Table of entries. Virtualized: only visible rows are in the document.
 *
 * @module
 */

import type { LoggedEntry } from '@mandate/protocol'
import {
  dayOf,
  exactly,
  Glyph,
  glyphOf,
  Party,
  reasonWords,
  resourceWords,
  timeOf,
  useInSight,
  useRowHeight,
  verdictOf,
  verdictWords,
  walkRows,
} from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { addressOf, type Filters } from './location.ts'
import { Failure } from './parts.tsx'
import type { Rows } from './rows.ts'

/** Row heights in rem, for wide and narrow screens. Must match the style sheet. */
const ROW_REM = { wide: 2.75, narrow: 4.75 } as const
const AROUND = 12
const WALK = { row: '.row', link: '.row-link', page: 10 } as const
/** The next page is loaded when fewer rows than this are left below. */
const AHEAD = 60

export function Table(props: { rows: Rows; filters: Filters; openId: string | undefined }): JSX.Element {
  const { rows, filters, openId } = props
  const body = useRef<HTMLDivElement>(null)
  const height = useRowHeight(ROW_REM)
  const { first, last } = useInSight(body, { count: rows.entries.length, height, around: AROUND })
  useEffect(() => {
    if (rows.isMore && rows.error === undefined && last + AHEAD > rows.entries.length) rows.more()
  }, [last, rows.entries.length, rows.isMore, rows.error])
  if (rows.state === 'failed' && rows.error) return <Failure error={rows.error} again={rows.again} />
  if (rows.state === 'there' && rows.entries.length === 0) return <Nothing filters={filters} />
  const isWaiting = rows.state === 'loading' && rows.entries.length === 0
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows that are out of sight are not in the document, which a table element cannot do
    <div
      class={rows.state === 'loading' ? 'table stale' : 'table'}
      role="table"
      aria-label="Entries of the decision log, newest first"
      aria-rowcount={rows.total + 1}
      aria-busy={rows.state === 'loading'}
    >
      <Heading />
      {isWaiting && <Ghosts />}
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div
        role="rowgroup"
        class="rows"
        ref={body}
        style={{ height: `${rows.entries.length * height}px` }}
        onKeyDown={(event) => walkRows(event, WALK)}
      >
        {rows.entries.slice(first, last).map((entry, at) => (
          <Row
            key={entry.id}
            entry={entry}
            at={first + at}
            top={(first + at) * height}
            before={rows.entries[first + at - 1]}
            href={addressOf(filters, entry.id)}
            isOpen={entry.id === openId}
            isFresh={rows.fresh.has(entry.id)}
          />
        ))}
      </div>
      {rows.isLoadingMore && <p class="more-rows">Older entries…</p>}
      {rows.error && rows.state === 'there' && <Failure error={rows.error} again={rows.more} />}
      {!rows.isMore && rows.state === 'there' && <p class="more-rows">No older entries.</p>}
    </div>
  )
}

function Heading(): JSX.Element {
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above
    // biome-ignore lint/a11y/useFocusableInteractive: headings are not to be focused
    <div role="row" class="row heading" aria-rowindex={1}>
      {['When', 'Decision', 'Who', 'What', 'Why'].map((name) => (
        // biome-ignore lint/a11y/useSemanticElements: as above
        // biome-ignore lint/a11y/useFocusableInteractive: as above
        <div role="columnheader" class={`cell cell-${name.toLowerCase()}`} key={name}>
          {name}
        </div>
      ))}
    </div>
  )
}

interface RowProps {
  readonly entry: LoggedEntry
  readonly at: number
  readonly top: number
  readonly before: LoggedEntry | undefined
  readonly href: string
  readonly isOpen: boolean
  readonly isFresh: boolean
}

function Row({ entry, at, top, before, href, isOpen, isFresh }: RowProps): JSX.Element {
  const verdict = verdictOf(entry)
  const day = dayOf(entry.at)
  const isNewDay = before === undefined || dayOf(before.at) !== day
  const states = `${isOpen ? ' open' : ''}${isFresh ? ' fresh' : ''}`
  const reason = entry.reasons?.[0]?.code ?? entry.code
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above
    // biome-ignore lint/a11y/useFocusableInteractive: its link is
    <div role="row" class={`row ${verdict}${states}`} style={{ top: `${top}px` }} aria-rowindex={at + 2}>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="cell" class="cell cell-when">
        <a id={`row-${entry.id}`} class="row-link" href={href} aria-current={isOpen ? 'true' : undefined}>
          <time dateTime={entry.at} title={exactly(entry.at)}>
            {isNewDay && <span class="day">{day} </span>}
            <span class="time">{timeOf(entry.at)}</span>
          </time>
        </a>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="cell" class="cell cell-decision">
        <span class={`verdict verdict-${verdict}`}>
          <Glyph name={glyphOf(verdict)} />
          {verdictWords(entry)}
        </span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="cell" class="cell cell-who">
        <Who entry={entry} />
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="cell" class="cell cell-what">
        {entry.action && <span class="action">{entry.action}</span>}
        {entry.resource && <span class="resource">{resourceWords(entry.resource)}</span>}
        {!entry.action && !entry.resource && entry.target && (
          <span class="resource">{resourceWords(entry.target)}</span>
        )}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="cell" class="cell cell-why">
        {reason && reasonWords(reason)}
      </div>
    </div>
  )
}

/** Actor and subject. */
function Who({ entry }: { readonly entry: LoggedEntry }): JSX.Element {
  const { actor, subject, caller } = entry
  const first = actor ?? subject ?? caller
  if (first === undefined) return <span class="nobody">–</span>
  return (
    <>
      <Party party={first} />
      {actor !== undefined && subject !== undefined && (
        <span class="for">
          for <Party party={subject} />
        </span>
      )}
    </>
  )
}

function Ghosts(): JSX.Element {
  return (
    <div class="ghosts" aria-hidden="true">
      {Array.from({ length: 8 }, (_, at) => (
        <div class="ghost" key={at} />
      ))}
    </div>
  )
}

function Nothing({ filters }: { readonly filters: Filters }): JSX.Element {
  const isFiltered = Object.keys(filters).length > 0
  return (
    <div class="nothing">
      <p class="nothing-title">{isFiltered ? 'No entry matches all filters.' : 'Nothing has been decided yet.'}</p>
      <p>
        {isFiltered
          ? 'Remove a filter, or choose a longer time.'
          : 'Decisions are listed here as soon as the first one is made.'}
      </p>
      {isFiltered && (
        <a class="button" href="/">
          Clear all filters
        </a>
      )}
    </div>
  )
}

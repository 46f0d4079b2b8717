/**
 * Main page: statistics, filters, matching entries, and the opened decision.
 *
 * @module
 */
import type { VerifierKey } from '@mandate/protocol'
import type { JSX } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { Detail } from './detail.tsx'
import { Filtering } from './filters.tsx'
import { addressOf, go, type PageLocation, queryOf } from './location.ts'
import { type Log, LogList } from './logs.tsx'
import { OverviewBand } from './overview.tsx'
import { useRows } from './rows.ts'
import { Table } from './table.tsx'
import { Tools } from './tools.tsx'

/** Scroll distance, in pixels, from which new entries are held back, since they would move the rows being read. */
const READING_PX = 160

interface LogPageProps {
  readonly place: PageLocation
  readonly keys: readonly VerifierKey[]
  readonly logs: readonly Log[]
  readonly isAuditor: boolean
}

export function LogPage({ place, keys, logs, isAuditor }: LogPageProps): JSX.Element {
  const { filters, id } = place
  const query = queryOf(filters)
  const [isLive, setLive] = useState(false)
  const list = useRef<HTMLDivElement>(null)
  const isReading = useCallback(() => (list.current?.getBoundingClientRect().top ?? 0) < -READING_PX, [])
  const rows = useRows(query, isLive, isReading)
  const opened = useRef<string>(undefined)
  const close = useCallback(() => go(addressOf(filters)), [query])
  useEffect(() => {
    document.title = id === undefined ? 'Decision log · Mandate' : `${id} · Decision log · Mandate`
    // When a decision is closed, focus its row.
    const before = opened.current
    if (id === undefined && before !== undefined) document.getElementById(`row-${before}`)?.focus()
    opened.current = id
  }, [id])
  useKeys(close, id !== undefined)
  return (
    <main class={id === undefined ? 'log' : 'log with-detail'}>
      <h1 class="sr">Decision log</h1>
      <div class="log-list">
        {!isAuditor && (
          <p class="notice">
            You are not an auditor: you see the decisions that you are a party to, and nobody else’s.
          </p>
        )}
        <OverviewBand filters={filters} query={query} />
        <LogList logs={logs} />
        <Filtering filters={filters} problem={rows.error?.status === 400 ? rows.error.message : undefined} />
        <Tools rows={rows} query={query} isLive={isLive} onLive={setLive} />
        <div ref={list}>
          <Table rows={rows} filters={filters} openId={id} />
        </div>
      </div>
      {id !== undefined && <Detail key={id} id={id} keys={keys} filters={filters} onClose={close} />}
    </main>
  )
}

/** Keyboard shortcuts: `/` focuses the filters, Escape closes the opened decision. */
function useKeys(close: () => void, isOpen: boolean): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof Element && event.target.closest('input, select, textarea') !== null
      if (event.key === 'Escape' && isOpen && !isTyping) close()
      if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey) {
        event.preventDefault()
        document.getElementById('filter-member')?.focus()
      }
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [close, isOpen])
}

/**
 * Toolbar above the table: number of entries, live mode, and export.
 *
 * @module
 */
import { counted, plural } from '@mandate/ui'
import type { JSX } from 'preact'
import type { Rows } from './rows.ts'

const FORMATS = [
  ['jsonl', 'JSON Lines'],
  ['csv', 'CSV'],
  ['ocsf', 'OCSF'],
] as const

export function Tools(props: {
  rows: Rows
  query: string
  isLive: boolean
  onLive: (isLive: boolean) => void
}): JSX.Element {
  const { rows, query, isLive, onLive } = props
  const liveWords = { off: 'connecting', on: 'watching', lost: 'reconnecting' }[rows.live]
  return (
    <div class="tools">
      <p class="found" role="status" id="results" tabIndex={-1}>
        {rows.state === 'loading' ? 'Looking…' : ''}
        {rows.state === 'there' && (
          <>
            <strong>{counted(rows.total)}</strong> {rows.total === 1 ? 'entry' : 'entries'}
            {isLive && <span class="live-words">, {liveWords}</span>}
          </>
        )}
      </p>
      {rows.waiting > 0 && (
        <button
          type="button"
          class="button arrived"
          onClick={() => {
            rows.show()
            scrollTo({ top: 0 })
          }}
        >
          {plural(rows.waiting, 'new entry', 'new entries')}
        </button>
      )}
      <button
        type="button"
        class={`button switch live-${isLive ? rows.live : 'idle'}`}
        aria-pressed={isLive}
        onClick={() => onLive(!isLive)}
      >
        <span class="dot" aria-hidden="true" />
        Live
      </button>
      <details class="menu">
        <summary class="button">Export</summary>
        <div class="menu-items">
          {FORMATS.map(([format, words]) => (
            <a key={format} href={`/api/export?${query ? `${query}&` : ''}format=${format}`} download>
              {words}
            </a>
          ))}
          <p class="aside">Exports all entries that match the filters, not only those on screen.</p>
        </div>
      </details>
    </div>
  )
}

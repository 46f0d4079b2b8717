/**
 * Tools above the list: count, live updates, export.
 *
 * @module
 */
import type { JSX } from 'preact'
import { Menu } from '../../parts/menu.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAction, useOnline } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'
import { activityAddress, type Filters, queryOf } from './filters.ts'
import type { Rows } from './rows.ts'

const TEXTS = strings.activity
const FORMATS = ['jsonl', 'csv', 'ocsf'] as const

interface ToolsProps {
  readonly rows: Rows
  readonly filters: Filters
  readonly isPaused: boolean
  readonly onPause: (isPaused: boolean) => void
}

/** Toggles the person's own reads, which are hidden by default because there are many. */
function Looks({ filters, leftOut }: { readonly filters: Filters; readonly leftOut: number }): JSX.Element | null {
  const { looks, ...others } = filters
  if (looks === 'shown') return <a href={activityAddress(others)}>{TEXTS.hideLooks}</a>
  return leftOut > 0 ? <a href={activityAddress({ ...others, looks: 'shown' })}>{TEXTS.showLooks(leftOut)}</a> : null
}

export function Tools({ rows, filters, isPaused, onPause }: ToolsProps): JSX.Element {
  const isOnline = useOnline()
  const isLive = isOnline && !isPaused
  const save = useAction('activity.export')
  const take = async (format: (typeof FORMATS)[number]): Promise<void> => {
    const filter = Object.fromEntries(
      Object.entries(queryOf(filters, rows.me)).map(([name, value]) => [name, String(value)]),
    )
    const answer = await save.run({ format, filter })
    if (answer.ok && answer.value.saved) announce(TEXTS.exported(answer.value.name ?? ''))
  }
  const pause = (): void => {
    if (isPaused) rows.show()
    onPause(!isPaused)
  }
  return (
    <>
      <div class="activity-tools">
        <p class="found" role="status">
          {rows.state === 'loading' ? TEXTS.looking : rows.state === 'failed' ? '' : TEXTS.found(rows.total)}
          {rows.state === 'there' && <span class="aside"> {isLive ? TEXTS.watching : TEXTS.paused}</span>}
        </p>
        <Looks filters={filters} leftOut={rows.leftOut} />
        {rows.waiting > 0 && (
          <button
            type="button"
            class="button arrived"
            onClick={() => {
              rows.show()
              scrollTo({ top: 0 })
            }}
          >
            {TEXTS.arrived(rows.waiting)}
          </button>
        )}
        <button
          type="button"
          class={isLive ? 'button live live-on' : 'button live'}
          aria-pressed={isLive}
          disabled={!isOnline}
          onClick={pause}
        >
          <span class="dot" aria-hidden="true" />
          {TEXTS.live}
        </button>
        <Menu
          label={TEXTS.export}
          isOff={!isOnline || save.isBusy}
          items={FORMATS.map((format) => ({
            id: format,
            label: TEXTS.formats[format],
            onChoose: () => void take(format),
          }))}
        />
      </div>
      <Problem problem={save.problem} />
    </>
  )
}

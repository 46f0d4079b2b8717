/**
 * Statistics above the table: number of decisions and denials, activity chart, and most frequent denial reasons.
 *
 * @module
 */
import { counted, minuteOf, plural, reasonWords, useMedia } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { api, type Overview } from './api.ts'
import { addressOf, type Filters, go } from './location.ts'
import { tickLabel, timeRange } from './time-axis.ts'
import { useLoaded } from './use.ts'

export function OverviewBand({ filters, query }: { readonly filters: Filters; readonly query: string }): JSX.Element {
  const overview = useLoaded((signal) => api.overview(query, signal), [query])
  if (overview.state === 'failed') {
    return (
      <section class="band" aria-label="Overview">
        <p class="aside">The statistics could not be loaded. The entries below are not affected.</p>
      </section>
    )
  }
  const there = overview.state === 'there' ? overview.value : undefined
  return (
    <section class="band" aria-label="Overview" aria-busy={!there}>
      <Sums overview={there} />
      <Activity overview={there} filters={filters} />
      <Denials overview={there} filters={filters} />
    </section>
  )
}

function Sums({ overview }: { readonly overview: Overview | undefined }): JSX.Element {
  const { total = 0, counted: reached = 0, permits = 0, denials = 0 } = overview ?? {}
  const first = overview?.buckets[0]
  const share = permits + denials === 0 ? 0 : Math.round((denials / (permits + denials)) * 100)
  return (
    <div class="sums">
      <h2 class="band-title">{first ? `Since ${minuteOf(first.at)}` : 'Decisions'}</h2>
      <p class="sum">
        <span class="sum-number">{overview ? counted(permits + denials) : '–'}</span>
        <span class="sum-words">{permits + denials === 1 ? 'decision' : 'decisions'}</span>
      </p>
      <p class="sum-split">
        {overview && `${counted(permits)} permitted, `}
        {overview && <span class={denials > 0 ? 'denied-words' : ''}>{counted(denials)} denied</span>}
        {denials > 0 && permits > 0 && ` (${share} %)`}
      </p>
      {reached < total && (
        <p class="aside">
          Counted over the newest {counted(reached)} of {counted(total)} entries.
        </p>
      )}
    </div>
  )
}

function Denials(props: { overview: Overview | undefined; filters: Filters }): JSX.Element {
  const { overview, filters } = props
  const denied = overview?.denied ?? []
  const most = denied[0]?.count ?? 1
  return (
    <div class="denials">
      <h2 class="band-title">Denied for</h2>
      {overview && denied.length === 0 && <p class="aside">Nothing was denied.</p>}
      <ol class="denials-list">
        {denied.map(({ reason, count }) => (
          <li key={reason}>
            <a href={addressOf({ ...filters, decision: 'deny', reason })}>
              <span class="denial-reason">{reasonWords(reason)}</span>
              <span class="denial-count">{counted(count)}</span>
              <svg class="denial-bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true">
                <rect width={(count / most) * 100} height="2" />
              </svg>
            </a>
          </li>
        ))}
      </ol>
    </div>
  )
}

const CHART_PX = 148

function Activity(props: { overview: Overview | undefined; filters: Filters }): JSX.Element {
  const { overview, filters } = props
  const box = useRef<HTMLDivElement>(null)
  const isDark = useMedia('(prefers-color-scheme: dark)')
  const buckets = overview?.buckets ?? []
  const latest = useRef(filters)
  latest.current = filters
  useEffect(() => {
    const at = box.current
    if (!at || !overview || buckets.length === 0) return
    const choose = (from: number, to: number): void =>
      go(addressOf({ ...latest.current, from: new Date(from).toISOString(), to: new Date(to).toISOString() }))
    const chart = new uPlot(optionsOf(at.clientWidth, overview, choose), dataOf(overview), at)
    const watch = new ResizeObserver(() => chart.setSize({ width: at.clientWidth, height: CHART_PX }))
    watch.observe(at)
    return () => {
      watch.disconnect()
      chart.destroy()
    }
  }, [overview, isDark])
  const first = buckets[0]
  const last = buckets.at(-1)
  const words =
    first && last
      ? `Activity from ${minuteOf(first.at)} to ${minuteOf(last.at)}: ${plural(overview?.permits ?? 0, 'permit')}, ${plural(overview?.denials ?? 0, 'denial')}.`
      : 'No activity.'
  return (
    <figure class="activity">
      <figcaption class="band-title">
        Activity <span class="legend legend-deny">denied</span> <span class="legend legend-permit">permitted</span>{' '}
        <span class="legend legend-note">recorded</span>
      </figcaption>
      <div class="chart" ref={box} role="img" aria-label={words} />
      {overview && !first && <p class="aside">No activity in this period.</p>}
    </figure>
  )
}

/** Series for stacked bars: cumulative sums, drawn from the largest to the smallest. */
function dataOf({ buckets }: Overview): uPlot.AlignedData {
  return [
    buckets.map(({ at }) => at / 1000),
    buckets.map(({ permits, denials, others }) => permits + denials + others),
    buckets.map(({ permits, denials }) => permits + denials),
    buckets.map(({ denials }) => denials),
  ]
}

/** Time below, counts on the left. `rem` is in pixels. */
function axesOf(step: number, rem: number, style: CSSStyleDeclaration): uPlot.Axis[] {
  const axis = {
    stroke: style.getPropertyValue('--ink-3').trim(),
    font: `${Math.round(rem * 0.8)}px ${style.getPropertyValue('--sans')}`,
    ticks: { show: false },
  }
  return [
    {
      ...axis,
      grid: { show: false },
      space: rem * 5,
      size: rem * 1.9,
      values: (_chart, splits) => splits.map((at) => tickLabel(at, step)),
    },
    {
      ...axis,
      grid: { stroke: style.getPropertyValue('--rule').trim(), width: 1 },
      space: 36,
      size: rem * 2.4,
      values: (_chart, splits) => splits.map((value) => (Number.isInteger(value) ? counted(value) : '')),
    },
  ]
}

function optionsOf(
  width: number,
  { buckets, step }: Overview,
  choose: (from: number, to: number) => void,
): uPlot.Options {
  const range = timeRange(
    buckets.map(({ at }) => at),
    step,
  )
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  const bars = uPlot.paths.bars?.({ size: [0.72, 28], radius: 0.12 })
  const series = (name: string): uPlot.Series => ({
    fill: colour(name),
    width: 0,
    points: { show: false },
    ...(bars ? { paths: bars } : {}),
  })
  const rem = Number.parseFloat(style.fontSize)
  return {
    width,
    height: CHART_PX,
    padding: [8, rem * 1.75, 0, 0],
    legend: { show: false },
    cursor: { points: { show: false }, y: false, drag: { x: true, y: false, setScale: false } },
    scales: {
      x: { range: () => range },
      y: { range: (_c, _min, max) => [0, Math.max(1, max)] },
    },
    axes: axesOf(step, rem, style),
    series: [{}, series('--bar-note'), series('--bar-permit'), series('--accent')],
    hooks: {
      setSelect: [
        (chart) => {
          const { left, width: chosen } = chart.select
          if (chosen < 4) return
          choose(chart.posToVal(left, 'x') * 1000, chart.posToVal(left + chosen, 'x') * 1000)
        },
      ],
    },
  }
}

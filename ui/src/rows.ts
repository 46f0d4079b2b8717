/**
 * Virtualized lists: which rows are in the viewport, and keyboard navigation between rows.
 *
 * @module
 */
import { useEffect, useLayoutEffect, useState } from 'preact/hooks'

/** Whether a media query matches; re-renders when that changes. */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const list = matchMedia(query)
    const look = (): void => setMatches(list.matches)
    list.addEventListener('change', look)
    return () => list.removeEventListener('change', look)
  }, [query])
  return matches
}

/** Heights of a row, in rem; must equal those of the style sheet. */
interface RowHeights {
  readonly wide: number
  readonly narrow: number
}

const NARROW = '(max-width: 45rem)'

/** The height of a row, in CSS pixels. */
export function useRowHeight({ wide, narrow }: RowHeights): number {
  const isNarrow = useMedia(NARROW)
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
  return Math.round(rem * (isNarrow ? narrow : wide))
}

interface ListOfRows {
  readonly count: number
  /** Height of one row, in CSS pixels. */
  readonly height: number
  /** Rows rendered before and after those in the viewport. */
  readonly around: number
}

/** Rendered rows: `first` inclusive, `last` exclusive. */
export interface InSight {
  readonly first: number
  readonly last: number
}

/** Used before the first measurement. */
const UNMEASURED: InSight = { first: 0, last: 40 }

/** Which rows to render: those in the viewport, and `around` on each side. */
export function useInSight(
  body: { readonly current: HTMLElement | null },
  { count, height, around }: ListOfRows,
): InSight {
  const [sight, setSight] = useState(UNMEASURED)
  useLayoutEffect(() => {
    let frame = 0
    const look = (): void => {
      frame = 0
      // A hidden list has no position: keep the rows that are rendered.
      if (!body.current?.checkVisibility()) return
      const top = -body.current.getBoundingClientRect().top
      const first = Math.max(0, Math.min(count, Math.floor(top / height)) - around)
      const last = Math.min(count, Math.ceil((top + innerHeight) / height) + around)
      setSight((now) => (now.first === first && now.last === last ? now : { first, last: Math.max(first, last) }))
    }
    const later = (): void => {
      frame ||= requestAnimationFrame(look)
    }
    look()
    addEventListener('scroll', later, { passive: true })
    addEventListener('resize', later)
    return () => {
      cancelAnimationFrame(frame)
      removeEventListener('scroll', later)
      removeEventListener('resize', later)
    }
  }, [count, height, around])
  return sight
}

interface Walk {
  /** CSS selectors of a row, and of the link in it that gets the focus. */
  readonly row: string
  readonly link: string
  /** Rows that Page Up and Page Down skip. */
  readonly page: number
}

/** Key handler: arrow keys, j, k, Page Up and Page Down move the focus between rows. */
export function walkRows(event: KeyboardEvent, { row: rows, link: links, page }: Walk): void {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    j: 1,
    ArrowUp: -1,
    k: -1,
    PageDown: page,
    PageUp: -page,
  }
  const step = steps[event.key]
  const row = event.target instanceof Element ? event.target.closest(rows) : null
  if (step === undefined || !row || event.ctrlKey || event.metaKey || event.altKey) return
  const all = [...(row.parentElement?.querySelectorAll<HTMLElement>(links) ?? [])]
  const now = all.findIndex((link) => row.contains(link))
  const next = all[Math.min(all.length - 1, Math.max(0, now + step))]
  event.preventDefault()
  next?.focus({ preventScroll: true })
  next?.scrollIntoView({ block: 'nearest' })
}

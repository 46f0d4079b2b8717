/**
 * Screen Activity: the decision log of the person. The list keeps its position while an entry is open.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Heading } from '../../layout.tsx'
import { strings } from '../../strings.ts'
import { Detail } from './detail.tsx'
import { FilterBar } from './filter-bar.tsx'
import { type Filters, filtersOf } from './filters.ts'
import { List } from './list.tsx'
import { useRows } from './rows.ts'
import { NO_SEARCH, type Search } from './search.ts'
import { useTeller } from './teller.ts'
import { Tools } from './tools.tsx'

const TEXTS = strings.activity
/** Scroll position in pixels beyond which new entries wait, so that they do not move the text that is read. */
const READING_PX = 200

function useFilters(): Filters {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const look = (): void => setHash(location.hash)
    addEventListener('hashchange', look)
    return () => removeEventListener('hashchange', look)
  }, [])
  return filtersOf(hash)
}

/** @param id - Id of the open entry. */
export function Activity({ id }: { readonly id: string | undefined }): JSX.Element {
  const filters = useFilters()
  const [isPaused, setPaused] = useState(false)
  const [search, setSearch] = useState<Search>(NO_SEARCH)
  const hold = useRef<() => boolean>(() => false)
  hold.current = () => isPaused || id !== undefined || scrollY > READING_PX
  const rows = useRows(filters, () => hold.current())
  const teller = useTeller(rows.entries, rows.me)
  const place = useReturn(id)
  return (
    <>
      {id !== undefined && (
        <Detail
          key={id}
          id={id}
          known={rows.entries.find((entry) => entry.id === id)}
          filters={filters}
          teller={teller}
        />
      )}
      <div class="activity" hidden={id !== undefined}>
        {/* Its heading is not the page's while an entry is open. */}
        {id === undefined && <Heading title={TEXTS.title} lead={TEXTS.lead} />}
        <FilterBar filters={filters} search={search} onSearch={setSearch} />
        <Tools rows={rows} filters={filters} isPaused={isPaused} onPause={setPaused} />
        <List rows={rows} filters={filters} search={search} teller={teller} onOpen={place.leave} />
      </div>
    </>
  )
}

/** Restores the scroll position after closing an entry. */
function useReturn(id: string | undefined): { readonly leave: (id: string) => void } {
  const left = useRef<{ readonly id: string; readonly top: number } | undefined>(undefined)
  // After the heading's effect, which scrolls to the top.
  useEffect(() => {
    const { current } = left
    if (id !== undefined || !current) return
    left.current = undefined
    scrollTo({ top: current.top })
    return focusWhenThere(`row-${current.id}`)
  }, [id])
  return {
    leave: (opened) => {
      left.current = { id: opened, top: scrollY }
    },
  }
}

/** Animation frames to wait for a row to be rendered. */
const MOST_FRAMES = 20

/** @returns A function that cancels. */
function focusWhenThere(id: string): () => void {
  let frame = 0
  let left = MOST_FRAMES
  const look = (): void => {
    const row = document.getElementById(id)
    left -= 1
    if (row) row.focus({ preventScroll: true })
    else if (left > 0) frame = requestAnimationFrame(look)
  }
  frame = requestAnimationFrame(look)
  return () => cancelAnimationFrame(frame)
}

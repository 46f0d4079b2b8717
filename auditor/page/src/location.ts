/**
 * The page's state is its address: filters are the query, an opened decision is the path.
 *
 * @module
 */
import { FILTER_NAMES } from '@mandate/protocol'
import { useEffect, useState } from 'preact/hooks'

export type FilterName = (typeof FILTER_NAMES)[number]
export type Filters = Readonly<Partial<Record<FilterName, string>>>

export interface Place {
  readonly page: 'log' | 'logged-out' | 'refused'
  readonly filters: Filters
  /** The decision that is open. */
  readonly id: string | undefined
}

export function placeOf({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Place {
  const parameters = new URLSearchParams(search)
  const filters: Partial<Record<FilterName, string>> = {}
  for (const name of FILTER_NAMES) {
    const value = parameters.get(name)
    if (value) filters[name] = value
  }
  const page = pathname === '/logged-out' ? 'logged-out' : pathname === '/refused' ? 'refused' : 'log'
  return { page, filters, id: /^\/decisions\/([0-9A-Z]{26})$/u.exec(pathname)?.[1] }
}

/** The filters as a query string, always in the same order. */
export function queryOf(filters: Filters): string {
  const parameters = new URLSearchParams()
  for (const name of FILTER_NAMES) {
    const value = filters[name]
    if (value) parameters.set(name, value)
  }
  return parameters.toString()
}

export function addressOf(filters: Filters, id?: string): string {
  const query = queryOf(filters)
  return `/${id === undefined ? '' : `decisions/${id}`}${query ? `?${query}` : ''}`
}

const CHANGED = 'mandate:place'

/** Goes to an address of ours without loading the page anew. */
export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', address)
  else history.replaceState(null, '', address)
  dispatchEvent(new Event(CHANGED))
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location))
  useEffect(() => {
    const look = (): void => setPlace(placeOf(location))
    addEventListener('popstate', look)
    addEventListener(CHANGED, look)
    return () => {
      removeEventListener('popstate', look)
      removeEventListener(CHANGED, look)
    }
  }, [])
  return place
}

/** For plain clicks on our own links; a click that wants a new tab is the browser's. */
export function followed(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
  const link = event.target instanceof Element ? event.target.closest('a') : null
  const href = link?.getAttribute('href')
  if (!link || !href?.startsWith('/') || href.startsWith('/api/') || href.startsWith('/sign') || link.target) return
  event.preventDefault()
  go(href)
}

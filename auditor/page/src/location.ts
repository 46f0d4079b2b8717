/**
 * The page's state in the URL: filters in the query string, the opened decision in the path. A view can be shared as a link.
 *
 * @module
 */
import { FILTER_NAMES } from '@mandate/protocol'
import { useEffect, useState } from 'preact/hooks'

export type FilterName = (typeof FILTER_NAMES)[number]
export type Filters = Readonly<Partial<Record<FilterName, string>>>

/** The state in the URL. */
export interface PageLocation {
  readonly page: 'log' | 'logged-out' | 'refused'
  readonly filters: Filters
  /** Id of the opened decision. */
  readonly id: string | undefined
}

export function parseLocation({ pathname, search }: Pick<Location, 'pathname' | 'search'>): PageLocation {
  const parameters = new URLSearchParams(search)
  const filters: Partial<Record<FilterName, string>> = {}
  for (const name of FILTER_NAMES) {
    const value = parameters.get(name)
    if (value) filters[name] = value
  }
  const page = pathname === '/logged-out' ? 'logged-out' : pathname === '/refused' ? 'refused' : 'log'
  return { page, filters, id: /^\/decisions\/([0-9A-Z]{26})$/u.exec(pathname)?.[1] }
}

/** Filters as a query string, in a fixed order. */
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

/** Navigates to a URL of the page without reloading it. */
export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(null, '', address)
  else history.replaceState(null, '', address)
  dispatchEvent(new Event(CHANGED))
}

/** Reads state from the URL, and again whenever the URL changes. */
export function useLocation<T>(read: (place: Location) => T): T {
  const [state, setState] = useState(() => read(location))
  useEffect(() => {
    const look = (): void => setState(read(location))
    addEventListener('popstate', look)
    addEventListener(CHANGED, look)
    return () => {
      removeEventListener('popstate', look)
      removeEventListener(CHANGED, look)
    }
  }, [])
  return state
}

export const usePageLocation = (): PageLocation => useLocation(parseLocation)

/**
 * Click handler for links: navigates without reloading. Leaves modified clicks (new tab) and other URLs to the browser.
 *
 * @param isOwn - Whether a path is an address of this page. The server has other pages.
 */
export function following(isOwn: (path: string) => boolean): (event: MouseEvent) => void {
  return (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
    const link = event.target instanceof Element ? event.target.closest('a') : null
    const href = link?.getAttribute('href')
    if (!link || !href?.startsWith('/') || !isOwn(href) || link.target) return
    event.preventDefault()
    go(href)
  }
}

/**
 * Routes: the URL's hash selects the screen, `#/trips/<id>`. Ids of people are never in it.
 *
 * @module
 */
import { useEffect, useState } from 'preact/hooks'

export const SCREENS = ['trips', 'sharing', 'people', 'settings', 'activity', 'account'] as const
export type Screen = (typeof SCREENS)[number]

export interface Route {
  readonly screen: Screen
  /** Id of the item that is open. */
  readonly id: string | undefined
}

export function routeOf(hash: string): Route {
  // The query belongs to the screen.
  const [path = ''] = hash.split('?')
  const [, name = '', id = ''] = path.split('/')
  const screen = SCREENS.find((known) => known === name) ?? 'trips'
  return { screen, id: screen === name && id !== '' ? decoded(id) : undefined }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

export function addressOf(screen: Screen, id?: string): string {
  return id === undefined ? `#/${screen}` : `#/${screen}/${encodeURIComponent(id)}`
}

export function go(screen: Screen, id?: string): void {
  location.hash = addressOf(screen, id)
}

export function useRoute(): Route {
  const [place, setPlace] = useState(() => routeOf(location.hash))
  useEffect(() => {
    const look = (): void => setPlace(routeOf(location.hash))
    addEventListener('hashchange', look)
    return () => removeEventListener('hashchange', look)
  }, [])
  return place
}

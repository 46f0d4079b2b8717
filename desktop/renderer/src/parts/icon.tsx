/**
 * Icons of the screens. Decorative: a text must stand beside them.
 *
 * @module
 */
import type { JSX } from 'preact'
import type { Screen } from '../store/route.ts'

const LINES: Readonly<Record<Screen, string>> = {
  trips: 'M3 17h14M5 13.5l10.5-4.2c1-.4 1.3-1.2 1-1.9s-1.2-1-2.1-.7L11.5 7.9 6.7 5.2 5.2 5.8l3 3.3-2.7 1.1-2-1-1.2.5z',
  sharing:
    'M6.5 10a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM18.5 5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM18.5 15a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM6.3 9l7.4-3M6.3 11l7.4 3',
  people:
    'M10 6a2.8 2.8 0 1 1-5.6 0A2.8 2.8 0 0 1 10 6zM1.8 16.5c.3-3 2.4-5 5.4-5s5.1 2 5.4 5M13 3.5a2.8 2.8 0 0 1 0 5M15 11.8c1.9.6 3 2.3 3.2 4.7',
  settings: 'M3 6h8M15 6h2M3 14h2M9 14h8M15 6a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM9 14a2 2 0 1 1-4 0 2 2 0 0 1 4 0z',
  activity: 'M2 10h3.5L8 4l4 12 2.5-6H18',
  account: 'M10 2.5l6.5 2.3v4.7c0 4-2.7 6.9-6.5 8-3.8-1.1-6.5-4-6.5-8V4.8zM7.2 9.8l2 2 3.6-4',
}

export function Icon({ name }: { readonly name: Screen }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={LINES[name]} />
    </svg>
  )
}

/**
 * Which screen is shown for which place.
 *
 * @module
 */
import type { JSX } from 'preact'
import { Heading } from '../layout.tsx'
import type { Place } from '../store/place.ts'
import { strings } from '../strings.ts'
import { Trips } from './trips/trips.tsx'

export function ScreenOf({ place }: { readonly place: Place }): JSX.Element {
  const { screen } = place
  return screen === 'trips' ? <Trips /> : <Heading title={strings.nav[screen]} />
}

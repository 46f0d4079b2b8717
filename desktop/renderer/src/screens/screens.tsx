/**
 * Maps routes to screens.
 *
 * @module
 */
import type { JSX } from 'preact'
import type { Route } from '../store/route.ts'
import { Account } from './account/account.tsx'
import { Activity } from './activity/activity.tsx'
import { PeopleScreen } from './people/people.tsx'
import { Settings } from './settings/settings.tsx'
import { Sharing } from './sharing/sharing.tsx'
import { TripPage } from './trips/trip.tsx'
import { Trips } from './trips/trips.tsx'

export function ScreenOf({ route }: { readonly route: Route }): JSX.Element {
  const { screen, id } = route
  if (screen === 'trips') return id === undefined ? <Trips /> : <TripPage id={id} key={id} />
  if (screen === 'sharing') return <Sharing />
  if (screen === 'people') return <PeopleScreen />
  if (screen === 'settings') return <Settings />
  if (screen === 'activity') return <Activity id={id} />
  return <Account />
}

/**
 * What the person can give: the personas that they hold, and their things in every domain.
 *
 * @module
 */
import type { Grant } from '@mandate/protocol'
import type { TripSummary } from '../../../src/shared/views.ts'
import { useAround, useCall } from './hooks.tsx'
import { usePeople } from './people.ts'

/** `title/circle` of each active persona, the one that the person acts in first. */
export function useHeldPersonas(): readonly string[] {
  const { session } = useAround()
  const personas = useCall('personas.list')
  const items = personas.state === 'there' ? personas.value.items : []
  const active = items.filter(({ status }) => status === 'active').map(({ title, circle }) => `${title}/${circle}`)
  return [...new Set([...(session.persona === undefined ? [] : [session.persona]), ...active])]
}

/** `type:id` of the person's own things. */
export function useOwnThings(): readonly string[] {
  const { me } = usePeople()
  const found = useCall('things.list')
  const trips = useCall('trips.list')
  const grants = useCall('grants.list')
  return ownAmong(me, {
    found: found.state === 'there' ? found.value.items : [],
    trips: trips.state === 'there' ? trips.value.items : [],
    grants: grants.state === 'there' ? grants.value.items : [],
  })
}

interface Known {
  readonly found: readonly string[]
  readonly trips: readonly TripSummary[]
  readonly grants: readonly Grant[]
}

/**
 * A search finds own things and granted ones alike. Left out are things that are known to be of others; of a thing that another grant than one on the
 * thing itself lets the person see, the preview says that they cannot give it.
 */
export function ownAmong(me: string, { found, trips, grants }: Known): readonly string[] {
  const others = new Set([
    ...grants.filter(({ owner }) => owner !== me).map(({ scope }) => scope),
    ...trips.filter(({ owner }) => owner !== me).map(({ id }) => `workflow:${id}`),
  ])
  const own = trips.filter(({ owner }) => owner === me).map(({ id }) => `workflow:${id}`)
  return [...new Set([...own, ...found])].filter((thing) => !others.has(thing))
}

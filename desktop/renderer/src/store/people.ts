/**
 * Who is who, and what is what, to the person at the screen: names that they typed in themself, agents as configured, trips by their template.
 *
 * @module
 */
import { splitRef } from '@mandate/protocol'
import { minuteOf, partyOf, resourceWords, short } from '@mandate/ui'
import type { AgentView, Contact } from '../../../src/shared/views.ts'
import { strings } from '../strings.ts'
import { useAround, useCall } from './hooks.tsx'

export interface People {
  readonly me: string
  readonly contacts: readonly Contact[]
  readonly agents: readonly AgentView[]
  /** `undefined`: nobody whom the person named. */
  readonly nameOf: (party: string) => string | undefined
  /** Always something: in the middle of a sentence. */
  readonly called: (party: string) => string
}

export function usePeople(): People {
  const { session, setup } = useAround()
  const contacts = useCall('contacts.list')
  return peopleOf(session.subject, contacts.state === 'there' ? contacts.value.items : [], setup.agents)
}

export function peopleOf(me: string, contacts: readonly Contact[], agents: readonly AgentView[]): People {
  const names = new Map([
    ...contacts.map(({ party, name }) => [party, name] as const),
    ...agents.map(({ id, title }) => [`agent:${id}`, title] as const),
    [me, strings.people.you] as const,
  ])
  const nameOf = (party: string): string | undefined => names.get(party)
  const called = (party: string): string => {
    const { kind, id } = partyOf(party)
    return nameOf(party) ?? (kind === 'user' ? strings.people.unnamed(short(id)) : id)
  }
  return { me, contacts, agents, nameOf, called }
}

/** What a scope is called, in the middle of a sentence. */
export type NameOfThing = (scope: string) => string

export function useThings(): NameOfThing {
  const trips = useCall('trips.list')
  const templates = useCall('trips.templates')
  const known = trips.state === 'there' ? trips.value.items : []
  const titles = templates.state === 'there' ? templates.value.items : []
  return (scope) => {
    const { type, id } = splitRef(scope)
    if (type === 'all') return strings.things.all(id)
    const trip = known.find((one) => one.id === id)
    if (!trip) return strings.things.unknown(type, resourceWords(scope))
    const title = titles.find((one) => one.id === trip.template)?.title ?? trip.template
    // Two of the same template and owner are told apart by when they were made.
    const alike = known.filter(({ template, owner }) => template === trip.template && owner === trip.owner)
    return alike.length === 1 ? title : strings.things.madeOn(title, minuteOf(trip.created_at))
  }
}

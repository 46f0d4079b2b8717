/**
 * Names for parties and things: contacts as the person named them, agents as configured, trips by their template.
 *
 * @module
 */
import { splitRef } from '@mandate/protocol'
import { type Domains, domainOfScope, minuteOf, partyOf, resourceWords, short, useDomains } from '@mandate/ui'
import type { AgentView, ListedContact } from '../../../src/shared/views.ts'
import { strings } from '../strings.ts'
import { actsWithObject, everythingOf } from './domains.tsx'
import { useAround, useCall, useLabels } from './hooks.tsx'

export interface People {
  readonly me: string
  /** What the person calls themselves in Account. */
  readonly ownName: string | undefined
  /** Without the person. */
  readonly contacts: readonly ListedContact[]
  readonly agents: readonly AgentView[]
  /** `undefined`: the person gave no name. */
  readonly nameOf: (party: string) => string | undefined
  /** A name, or a shortened id, for the middle of a sentence. */
  readonly called: (party: string) => string
}

export function usePeople(): People {
  const { session, setup } = useAround()
  const contacts = useCall('contacts.list')
  return peopleOf(session.subject, contacts.state === 'there' ? contacts.value.items : [], setup.agents)
}

export function peopleOf(me: string, named: readonly ListedContact[], agents: readonly AgentView[]): People {
  const contacts = named.filter(({ party }) => party !== me)
  const ownName = named.find(({ party }) => party === me)?.name
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
  return { me, ownName, contacts, agents, nameOf, called }
}

/** What things and actions on them are called, in the middle of a sentence. */
export interface Things {
  /** `Three days in Milan`, `all trips`. */
  readonly nameOf: (scope: string) => string
  /** The name of a part of a thing: `hotel`; `undefined` where its service gives none. */
  readonly partOf: (part: string, whole: string) => string | undefined
  /** `see and book Three days in Milan`. @param thing - Other words for the scope. */
  readonly acts: (actions: readonly string[], scope: string, thing?: string) => string
  readonly domains: Domains
}

export function useThings(): Things {
  const domains = useDomains()
  const labels = useLabels()
  const trips = useCall('trips.list')
  const templates = useCall('trips.templates')
  const known = trips.state === 'there' ? trips.value.items : []
  const titles = templates.state === 'there' ? templates.value.items : []
  const nameOf = (scope: string): string => {
    const { type, id } = splitRef(scope)
    if (type === 'all') return everythingOf(id, domains)
    const trip = known.find((one) => one.id === id)
    if (!trip) return labels.labelOf(scope) ?? unknownThing(scope, domains)
    const title = titles.find((one) => one.id === trip.template)?.title ?? trip.template
    // The creation time tells apart two trips of one owner and template.
    const alike = known.filter(({ template, owner }) => template === trip.template && owner === trip.owner)
    return alike.length === 1 ? title : strings.things.madeOn(title, minuteOf(trip.created_at))
  }
  const acts: Things['acts'] = (actions, scope, thing = nameOf(scope)) =>
    actsWithObject(actions, thing, domainOfScope(scope, domains))
  const partOf: Things['partOf'] = (part, whole) => labels.partOf(part, whole)
  return { nameOf, partOf, domains, acts }
}

/** A thing of which only the id is known: `a trip (01M8XY…ST21)`. */
export function unknownThing(scope: string, domains: Domains): string {
  const { type, id } = splitRef(scope)
  const called = domainOfScope(scope, domains)?.resources[type]?.called.one
  return called === undefined ? resourceWords(scope) : `${called} (${short(id)})`
}

/**
 * Settings of the desktop app for the demo: service addresses, and the log's verifier keys. Contains no secret.
 *
 * @module
 */
import type { DesktopConfig } from '@mandate/desktop/core'
import type { ExtraService } from './extra-services.ts'
import { OWN_TYPES } from './settings.ts'
import type { Run } from './state.ts'

/**
 * Derives the settings from the demo's run file.
 *
 * @param keys - Content of the file with the log's verifier keys, one per line.
 * @param added - Services and agents that were added to the demo: each service is asked for the names of its things, and each agent can be given authority.
 * @returns `undefined` when an older version wrote the run file, without service addresses.
 */
export function desktopSettings(
  { url, issuer, trips, care, agent, story }: Pick<Run, 'url' | 'issuer' | 'trips' | 'care' | 'agent' | 'story'>,
  keys: string,
  added: readonly Omit<ExtraService, 'secret'>[] = [],
): DesktopConfig | undefined {
  if (issuer === undefined || trips === undefined || agent === undefined) return undefined
  const services = added.flatMap(({ name, url: its }) => (its === undefined ? [] : [[name, its] as const]))
  const agents = added.filter(({ types }) => types.length === 0)
  return {
    issuer,
    clientId: 'desktop',
    services: { pdp: url, trips, ...(care === undefined ? {} : { care }), ...Object.fromEntries(services) },
    types: typesOf(care !== undefined, added),
    agents: [
      { id: 'booking-agent', title: 'Booking agent', url: agent },
      ...agents.map(({ name }) => ({ id: name, title: titleOf(name) })),
    ],
    people: peopleOf(story),
    logKeys: keys.split('\n').filter((line) => line !== ''),
  }
}

/** Types of the services that name their things. */
function typesOf(hasCare: boolean, added: readonly Omit<ExtraService, 'secret'>[]): DesktopConfig['types'] {
  const examples = OWN_TYPES.filter(([name]) => hasCare || name !== 'care')
  const others = added.flatMap(({ name, url, types }) => (url === undefined ? [] : [[name, types] as const]))
  return Object.fromEntries([...examples, ...others])
}

/** The people of the story: they know each other, as people who invited each other would. */
function peopleOf(story: Run['story']): DesktopConfig['people'] {
  if (!story) return []
  const { carlo, yannick, sam } = story
  return Object.entries({ Carlo: carlo, Yannick: yannick, Sam: sam }).map(([name, sub]) => ({
    party: `user:${sub}`,
    name,
  }))
}

/** `lab-bot`: `Lab bot`. */
function titleOf(name: string): string {
  const words = name.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

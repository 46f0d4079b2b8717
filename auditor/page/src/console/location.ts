/**
 * Sections of the console: their addresses, and for which roles each is.
 *
 * @module
 */
import type { Role } from './api.ts'

/** Name of a section, as in its address `/console/NAME`. */
export type SectionName = 'health' | 'agents' | 'personas' | 'keys' | 'policies' | 'services' | 'holds' | 'lookups'

/** A section of the console. */
export interface ConsoleSection {
  readonly name: SectionName
  readonly label: string
  readonly roles: readonly Role[]
}

/** In the order of the navigation. */
export const SECTIONS: readonly ConsoleSection[] = [
  { name: 'health', label: 'Health', roles: ['operator', 'persona-admin', 'auditor'] },
  { name: 'personas', label: 'Personas that wait', roles: ['persona-admin'] },
  { name: 'agents', label: 'Agents', roles: ['operator', 'auditor'] },
  { name: 'keys', label: 'API keys', roles: ['operator'] },
  { name: 'policies', label: 'Policies', roles: ['operator', 'auditor'] },
  { name: 'services', label: 'Services', roles: ['operator', 'auditor'] },
  { name: 'holds', label: 'Legal holds', roles: ['auditor'] },
  { name: 'lookups', label: 'Look-ups', roles: ['auditor'] },
]

/** Sections that a person's roles open. The PDP checks them with each request; this decides what is shown. */
export const sectionsFor = (roles: readonly Role[]): readonly ConsoleSection[] =>
  SECTIONS.filter((section) => section.roles.some((role) => roles.includes(role)))

/** Address of a section. */
export const addressOfSection = (name: SectionName): string => (name === 'health' ? '/console' : `/console/${name}`)

/** What an address of the console shows; `undefined`: not one of its sections. */
export function parseConsolePath(pathname: string): SectionName | 'refused' | undefined {
  const name = /^\/console(?:\/([a-z]+))?\/?$/u.exec(pathname)?.[1] ?? (pathname.startsWith('/console') ? 'health' : '')
  if (name === 'refused') return name
  return SECTIONS.find((section) => section.name === name)?.name
}

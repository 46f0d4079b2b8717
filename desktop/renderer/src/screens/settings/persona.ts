/**
 * Texts of a persona: name, validity, dependent grants. Pure.
 *
 * @module
 */
import type { EpochMillis, Grant, Persona } from '@mandate/protocol'
import { type Domains, minuteOf } from '@mandate/ui'
import { titleWords } from '../../store/domains.tsx'
import { strings } from '../../strings.ts'

const TEXTS = strings.settings

/** The persona's name: `title/circle`. */
export const personaName = ({ title, circle }: Pick<Persona, 'title' | 'circle'>): string => `${title}/${circle}`

/** `Traveler, family`. */
export const personaWords = ({ title, circle }: Pick<Persona, 'title' | 'circle'>, domains: Domains): string =>
  strings.capital(TEXTS.nameOf(titleWords(title, domains), circle))

/** Year that stands for no end. */
const FOREVER_YEAR = 9_999

export function isUsable({ status, valid_from: from, valid_till: till }: Persona, now: EpochMillis): boolean {
  return status === 'active' && Date.parse(from) <= now && now < Date.parse(till)
}

/** The validity as text. */
export function datesOf({ valid_from: from, valid_till: till }: Persona, now: EpochMillis): string {
  if (Date.parse(till) <= now) return TEXTS.ended(minuteOf(till))
  if (now < Date.parse(from)) return TEXTS.from(minuteOf(from))
  return new Date(till).getUTCFullYear() >= FOREVER_YEAR ? TEXTS.forever : TEXTS.till(minuteOf(till))
}

/** Live grants that were given or are used in the persona. */
export function dependsOn(persona: Persona, me: string, grants: readonly Grant[]): readonly Grant[] {
  const name = personaName(persona)
  return grants.filter(
    ({ status, delegator, delegator_persona: given, delegate, delegate_persona: used }) =>
      status === 'live' && ((delegator === me && given === name) || (delegate === me && used === name)),
  )
}

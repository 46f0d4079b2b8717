import type { Grant, Persona } from '@mandate/protocol'
import type { Domains } from '@mandate/ui'
import { expect, test } from 'vitest'
import { datesOf, dependsOn, isUsable, personaWords } from './persona.ts'

const NOW = Date.parse('2026-11-22T10:00:00Z')
const aPersona = (persona: Partial<Persona> = {}): Persona => ({
  id: 'p',
  holder: 'user:me',
  title: 'travel-agent',
  circle: 'acme',
  domain: 'travel',
  status: 'active',
  valid_from: '2026-01-01T00:00:00Z',
  valid_till: '9999-12-31T00:00:00Z',
  created_at: '2026-01-01T00:00:00Z',
  ...persona,
})

test('a persona is named by the label of its title, and without hyphens where no domain has it', () => {
  const labelled = [{ titles: { 'travel-agent': { label: 'Agent of travels' } } }] as unknown as Domains
  const abbreviated = [{ titles: { 'travel-agent': { label: 'TA' } } }] as unknown as Domains
  expect(personaWords(aPersona(), [])).toBe('Travel agent, acme')
  expect(personaWords(aPersona(), labelled)).toBe('Agent of travels, acme')
  expect(personaWords(aPersona(), abbreviated)).toBe('TA, acme')
})

test.for([
  ['an active one within its dates', {}, true, /without an end/],
  ['at the very instant it begins', { valid_from: '2026-11-22T10:00:00Z' }, true, /without an end/],
  ['before it begins', { valid_from: '2026-11-22T10:00:01Z' }, false, /^Usable from/],
  ['with an end to come', { valid_till: '2026-12-01T00:00:00Z' }, true, /^Usable until/],
  ['at the very instant it ends', { valid_till: '2026-11-22T10:00:00Z' }, false, /^Its time ended/],
  ['an inactive one', { status: 'inactive' }, false, /without an end/],
] as const)('%s', ([, persona, usable, dates]) => {
  expect(isUsable(aPersona(persona), NOW)).toBe(usable)
  expect(datesOf(aPersona(persona), NOW)).toMatch(dates)
})

test('what was given or is used in it depends on it, as long as it lives', () => {
  const grant = (more: Partial<Grant>) => ({ id: 'g', status: 'live', ...more }) as Grant
  const grants = [
    grant({ id: 'given', delegator: 'user:me', delegator_persona: 'travel-agent/acme' }),
    grant({ id: 'held', delegate: 'user:me', delegate_persona: 'travel-agent/acme' }),
    grant({ id: 'other', delegator: 'user:me', delegator_persona: 'traveler/family' }),
    grant({ id: 'theirs', delegator: 'user:them', delegator_persona: 'travel-agent/acme' }),
    grant({ id: 'over', status: 'revoked', delegator: 'user:me', delegator_persona: 'travel-agent/acme' }),
  ]
  expect(dependsOn(aPersona(), 'user:me', grants).map(({ id }) => id)).toEqual(['given', 'held'])
})

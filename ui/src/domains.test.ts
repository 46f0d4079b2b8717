import { gateCodeSchema } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { nursing, travel } from './domain.fixture.ts'
import { amounts, domainOfEntry, domainOfScope, gateCodes, limitWords, numbers, reasonText } from './domains.ts'

const DOMAINS = [travel, nursing]

test.for([
  [
    'money in its currency',
    { attribute: 'planned_price', at_most: 410_000, currency: 'EUR' },
    travel,
    /^planned price at most EUR\s4,100\.00$/u,
  ],
  [
    'an instant as a time ahead',
    { attribute: 'starts_at', at_least: 604_800 },
    travel,
    /^start at least 7 days ahead$/u,
  ],
  ['a number in its unit', { attribute: 'effort', at_most: 1 }, nursing, /^effort at most 1 minute$/u],
  ['an unknown attribute as logged', { attribute: 'dose_ml', at_most: 1_800 }, nursing, /^dose ml at most 1,800$/u],
] as const)('a limit in words: %s', ([, limit, domain, words]) => {
  expect(limitWords(limit, domain)).toMatch(words)
})

test('a code of the core means the same in every domain', () => {
  expect(reasonText('no_grant', [])?.admin).toMatch(/No grant/u)
  expect(reasonText('constructor', DOMAINS)).toBeUndefined()
})

test('a code that two domains use has the text of the domain that decided', () => {
  expect(reasonText('lead_time_too_short', DOMAINS, nursing)?.admin).toBe('Due too soon.')
  expect(reasonText('lead_time_too_short', DOMAINS, travel)?.admin).toBe('Too soon to book.')
})

test('a code of a domain that is not in force has no text', () => {
  expect(reasonText('price_above_limit', [nursing])).toBeUndefined()
})

test('the numbers of a reason are in the unit of its attribute', () => {
  const effort = {
    code: gateCodeSchema.parse('effort_above_limit'),
    gate: 'effort',
    attribute: 'effort',
    limit: 30,
    actual: 45,
  }
  expect(numbers(effort, DOMAINS)).toBe('45 minutes, and the limit is 30 minutes')
  const lead = {
    code: gateCodeSchema.parse('lead_time_too_short'),
    gate: 'lead_time',
    attribute: 'starts_at',
    limit: 604_800,
    actual: 3_600,
  }
  expect(amounts(lead, DOMAINS)).toEqual({ actual: '1 hour', limit: '7 days' })
  expect(amounts(lead, [])).toEqual({ actual: '3,600', limit: '604,800' })
})

test.for([
  ['a scope of everything', 'all:nursing', 'nursing'],
  ['a resource', 'workflow_item:1', 'travel'],
  ['an account', 'care_account:p_1', 'nursing'],
  ['an unknown type', 'constructor:1', undefined],
] as const)('the domain of %s', ([, scope, name]) => {
  expect(domainOfScope(scope, DOMAINS)?.domain).toBe(name)
})

test('an entry without a resource belongs to the domain of its policy', () => {
  expect(domainOfEntry({ policy: 'nursing@0a1b' }, DOMAINS)?.domain).toBe('nursing')
  expect(domainOfEntry({ resource: 'workflow:1', policy: 'nursing@0a1b' }, DOMAINS)?.domain).toBe('travel')
})

test('a code that two domains use is offered once', () => {
  expect(gateCodes(DOMAINS)).toEqual(['price_above_limit', 'lead_time_too_short', 'effort_above_limit'])
})

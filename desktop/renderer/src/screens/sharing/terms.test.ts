import { grantSchema } from '@mandate/protocol'
import { domainOfScope } from '@mandate/ui'
import { expect, test } from 'vitest'
import { domains } from '../../../dev/world.ts'
import { actionsFor, firstTerms, requestOf, untilOf } from './terms.ts'

const NOW = Date.parse('2026-06-01T12:00:30Z')
const MINE = grantSchema.parse({
  id: '01KAM000000000000000000001',
  status: 'live',
  delegator: 'user:carlo',
  delegate: 'user:me',
  owner: 'user:carlo',
  actions: ['read', 'execute'],
  scope: 'workflow:1',
  limits: [],
  expires_at: '2026-06-03T00:00:00Z',
  redelegations: 1,
  unattended: false,
  created_at: '2026-06-01T00:00:00Z',
})
const travel = domainOfScope('all:travel', domains)
const lab = domainOfScope('all:lab', domains)
const giver = { persona: 'traveler/family', parent: undefined, currency: 'EUR', now: NOW, domain: travel }

test('what is passed on never lasts longer than what it comes from', () => {
  expect(untilOf({ span: 'week', until: undefined }, MINE, NOW)).toBe(MINE.expires_at)
  expect(untilOf({ span: 'day', until: undefined }, MINE, NOW)).toBe('2026-06-02T12:00:00.000Z')
  expect(untilOf({ span: 'week', until: undefined }, undefined, NOW)).toBe('2026-06-08T12:00:00.000Z')
})

test('what is passed on offers no action that is not held', () => {
  expect(actionsFor('workflow:1', MINE, travel)).toEqual(['read', 'execute'])
  expect(actionsFor('workflow:1', undefined, travel)).toEqual(['read', 'execute', 'update'])
  expect(actionsFor('all:travel', undefined, travel)).toContain('create')
})

test('two clicks are enough: with somebody chosen, the first terms are a request', () => {
  const terms = firstTerms('user:yannick', 'workflow:1', undefined, travel)
  expect(requestOf(terms, giver)).toEqual({
    delegate: 'user:yannick',
    scope: 'workflow:1',
    actions: ['read', 'execute'],
    expires_at: '2026-06-08T12:00:00.000Z',
    redelegations: 0,
    delegator_persona: 'traveler/family',
  })
})

test('nothing is asked for as long as somebody, something or an end is missing', () => {
  const terms = firstTerms('user:yannick', 'workflow:1', undefined, travel)
  for (const missing of [{ who: undefined }, { scope: undefined }, { actions: [] }, { span: 'own' as const }])
    expect(requestOf({ ...terms, ...missing }, giver)).toBeUndefined()
})

test('an agent is never asked to be let pass it on', () => {
  const terms = { ...firstTerms('agent:booking-agent', 'workflow:1', undefined, travel), redelegations: 2 }
  expect(requestOf(terms, giver)?.redelegations).toBe(0)
})

test('a price binds booking alone', () => {
  const terms = { ...firstTerms('user:yannick', 'workflow:1', undefined, travel), price: '1,500.50' }
  expect(requestOf(terms, giver)?.limits).toEqual([{ attribute: 'planned_price', at_most: 150_050, currency: 'EUR' }])
  expect(requestOf({ ...terms, actions: ['read'] }, giver)?.limits).toBeUndefined()
})

test.for([
  ['yen have no cents', '5,000', 'JPY', 5_000],
  ['forints have two decimals, as in the settings', '5000', 'HUF', 500_000],
  ['a decimal comma is no separator of thousands', '4100,00', 'EUR', 410_000],
] as const)('%s', ([, price, currency, amount]) => {
  const terms = { ...firstTerms('user:yannick', 'workflow:1', undefined, travel), price }
  expect(requestOf(terms, { ...giver, currency })?.limits).toMatchObject([{ at_most: amount, currency }])
})

test('a limit that cannot be read is never left out of a request', () => {
  for (const price of ['many', '-1', '1.505', '4.100.00', '0,']) {
    const terms = { ...firstTerms('user:yannick', 'workflow:1', undefined, travel), price }
    expect(requestOf(terms, giver)).toBeUndefined()
    expect(requestOf({ ...terms, actions: ['read'] }, giver)).toBeDefined()
  }
})

test('another domain offers its own actions, and first the limited one with what it implies', () => {
  expect(actionsFor('all:lab', undefined, lab)).toEqual(['read', 'release', 'order'])
  expect(firstTerms('user:yannick', 'lab_order:1', undefined, lab).actions).toEqual(['read', 'release'])
})

test('a domain without money has no price limit', () => {
  const terms = { ...firstTerms('user:yannick', 'lab_order:1', undefined, lab), price: '10' }
  expect(requestOf(terms, { ...giver, domain: lab })?.limits).toBeUndefined()
})

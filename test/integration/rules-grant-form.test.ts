/**
 * What a grant may look like: rule C1, and what of F2 is checked at issue.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { refusal, useSuite } from '../fixtures/suite.ts'
import type { GrantStep } from '../fixtures/world.ts'

const DAY = 86_400
const suite = useSuite({ sharedWorld: true })
const TO_B = { from: 'A', to: 'B', actions: ['read'] } as const
const limit = (amount: number, currency = 'EUR') => ({ attribute: 'planned_price', at_most: amount, currency })

describe('C1: what a grant is', () => {
  test.for<readonly [string, unknown]>([
    ['delegate', { delegate: 7 }],
    ['delegate', { delegate: 'B' }],
    ['delegate', { delegate: 'service:b' }],
    ['delegate', { delegate: 'user:' }],
    ['delegate', { delegate: 'user:a\u0000' }],
    ['actions', { actions: 'read' }],
    ['actions', { actions: [1] }],
    ['scope', { scope: 'T' }],
    ['scope', { scope: 'workflow:' }],
    ['scope', { scope: 'workflow:a\nb' }],
    ['scope', { scope: `workflow:${'x'.repeat(1_025)}` }],
    ['limits', { limits: {} }],
    ['limits', { limits: [{ attribute: 'risk', at_most: '5' }] }],
    ['limits', { limits: [{ attribute: 'planned_price', at_most: 1, currency: 'eur' }] }],
    ['limits', { limits: [{ attribute: 'risk', at_most: 5, note: 'x' }] }],
    ['expires_at', { expires_at: 1_900_000_000 }],
    ['expires_at', { expires_at: 'tomorrow' }],
    ['expires_at', { expires_at: '2027-01-01' }],
    ['redelegations', { redelegations: -1 }],
    ['redelegations', { redelegations: 0.5 }],
    ['redelegations', { redelegations: '1' }],
    ['unattended', { unattended: 'yes' }],
    ['parent', { parent: 'ab' }],
    ['delegator_persona', { delegator_persona: 'traveler' }],
    ['delegate_persona', { delegate_persona: 'Traveler/Family' }],
    ['surprise', { surprise: true }],
  ])('a wrong %s is 400 and named', async ([field, wrong]) => {
    const { world } = suite
    const body = {
      delegate: world.ref('B'),
      delegator_persona: 'traveler/family',
      actions: ['read'],
      scope: world.scope('T'),
      ...(wrong as object),
    }
    const answer = await world.call('POST', '/v1/grants', world.as('A'), body)
    expect(refusal(answer)).toEqual([400, 'invalid_request'])
    expect(answer.body.detail).toContain(field)
  })

  test.for<readonly [string, Partial<GrantStep>, string]>([
    ['an attribute nobody declared', { limits: [{ attribute: 'weight', at_most: 1 }] }, 'limits'],
    ["a name that is every object's", { limits: [{ attribute: 'constructor', at_most: 1 }] }, 'limits'],
    ['money without its currency', { limits: [{ attribute: 'planned_price', at_most: 1 }] }, 'limits'],
    ['money in fractions of a cent', { limits: [limit(0.5)] }, 'limits'],
    ['a number with a currency', { limits: [{ attribute: 'risk', at_most: 1, currency: 'EUR' }] }, 'limits'],
    ['both bounds at once', { limits: [{ attribute: 'risk', at_most: 1, at_least: 0 }] }, 'limits'],
    ['no bound', { limits: [{ attribute: 'risk' }] }, 'limits'],
    ['an attribute twice', { limits: [limit(1), limit(2)] }, 'limits'],
    ['unattended, to a person', { unattended: true }, 'unattended'],
    ['a title the domain does not have', { delegate_persona: 'nurse' }, 'delegate_persona'],
    ["a title that is every object's", { delegate_persona: 'constructor' }, 'delegate_persona'],
    [
      'a title that may not use the action by grant (F2)',
      { actions: ['execute'], delegate_persona: 'office-manager' },
      'delegate_persona',
    ],
    ['a domain nobody knows', { on: 'all:cooking' }, 'scope'],
    ['a type nobody knows', { on: 'recipe:1' }, 'scope'],
    ["the owner's account", { on: 'travel_account:me' }, 'scope'],
  ])('%s is 422', async ([, wrong, field]) => {
    expect(refusal(await suite.world.grant({ ...TO_B, ...wrong }))).toEqual([422, 'grant_invalid', field])
  })

  test('the answer shows what was given, implied actions included', async () => {
    const { world, tpdp } = suite
    const { body, headers } = await world.grant({
      from: 'A',
      to: 'B',
      actions: ['execute'],
      limits: [limit(5), { attribute: 'starts_at', at_least: 60 }, { attribute: 'risk', at_most: 1 }],
      delegate_persona: 'travel-agent/acme',
      redelegations: 2,
    })
    expect(headers.get('location')).toBe(`/v1/grants/${body.id}`)
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-7][0-9A-Z]{25}$/),
      status: 'live',
      delegator: world.ref('A'),
      delegator_persona: 'traveler/family',
      delegate: world.ref('B'),
      delegate_persona: 'travel-agent/acme',
      owner: world.ref('A'),
      actions: ['execute', 'read'],
      scope: world.scope('T'),
      limits: [limit(5), { attribute: 'risk', at_most: 1 }, { attribute: 'starts_at', at_least: 60 }],
      expires_at: new Date(tpdp.now() + 7 * DAY * 1000).toISOString(),
      redelegations: 2,
      unattended: false,
      created_at: new Date(tpdp.now()).toISOString(),
    })
  })
})

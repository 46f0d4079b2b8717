/**
 * Sweeping (rule E3): dead grants leave OpenFGA after the retention and stay remembered.
 *
 * @module
 */
import { describe, expect, inject, test } from 'vitest'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite()
const FLIGHT = { action: 'execute', item: 'flight' } as const
const DAY_MS = 86_400_000

/** Every tuple in OpenFGA that speaks of a grant. */
async function tuplesOf(grant: string): Promise<readonly string[]> {
  const { url, apiToken } = inject('openFga')
  const headers = { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' }
  const name = encodeURIComponent(suite.tpdp.config.OPENFGA_STORE)
  const stores = (await (await fetch(`${url}/stores?name=${name}`, { headers })).json()) as {
    readonly stores: readonly { readonly id: string }[]
  }
  const found: string[] = []
  let token = ''
  do {
    const response = await fetch(`${url}/stores/${stores.stores[0]?.id}/read`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ page_size: 100, continuation_token: token }),
    })
    const page = (await response.json()) as {
      readonly tuples: readonly { readonly key: Readonly<Record<'user' | 'relation' | 'object', string>> }[]
      readonly continuation_token: string
    }
    for (const { key } of page.tuples)
      if (`${key.user} ${key.object}`.includes(`grant:${suite.world.named.get(grant)}`)) found.push(key.relation)
    token = page.continuation_token
  } while (token)
  return found.sort()
}

const days = (count: number) => suite.tpdp.advance(count * DAY_MS)

describe('E3: sweeping', () => {
  test('an expired grant goes after the retention, not before, and its denial is explained alike', async () => {
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], days: 1, name: 'ab' })
    days(31)
    suite.tpdp.advance(-1)
    expect(await suite.tpdp.pdp.sweep()).toBe(0)
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['grant_expired'])
    expect(await tuplesOf('ab')).toEqual(['delegator', 'root', 'via'])
    suite.tpdp.advance(1)
    expect(await suite.tpdp.pdp.sweep()).toBe(1)
    expect(await tuplesOf('ab')).toEqual([])
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['grant_expired'])
    const { body } = await suite.world.call('GET', `/v1/grants/${suite.world.named.get('ab')}`, suite.world.as('A'))
    expect(body.status).toBe('expired')
    expect(await suite.tpdp.pdp.sweep()).toBe(0)
  })

  test('what hangs from a revoked grant goes with it, however deep; who ended it stays', async () => {
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], days: 90, redelegations: 2, name: 'ab' })
    await suite.give({ from: 'B', to: 'C', actions: ['execute'], days: 90, redelegations: 1, parent: 'ab', name: 'bc' })
    await suite.give({ from: 'C', to: 'X', actions: ['execute'], days: 90, unattended: true, parent: 'bc', name: 'cx' })
    await suite.give({ from: 'A', to: 'D', actions: ['execute'], days: 90, name: 'ad' })
    await suite.world.revoke('ab', 'A')
    // What can never be used again goes at once; who ended it, and its body, are kept for the retention.
    await expect.poll(() => tuplesOf('cx')).toEqual([])
    await expect.poll(() => tuplesOf('ab')).toEqual(['delegator', 'ended'])
    days(30)
    expect(await suite.tpdp.pdp.sweep()).toBe(1)
    expect(await tuplesOf('ab')).toEqual(['ended'])
    expect(await tuplesOf('bc')).toEqual([])
    expect(await tuplesOf('cx')).toEqual([])
    expect(await suite.codes({ subject: 'X', ...FLIGHT })).toEqual(['grant_revoked'])
    expect(await suite.codes({ subject: 'D', ...FLIGHT })).toEqual(['delegated'])
    const { body } = await suite.world.call('GET', '/v1/decisions?kind=grants_swept&limit=2', AUDITOR)
    expect(body.entries.map(({ change }: { readonly change: unknown }) => change)).toEqual([{ count: 1 }, { count: 2 }])
  })

  test('a swept grant that is given again is a new grant, and a transfer`s leavings go too', async () => {
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], days: 90, name: 'ab' })
    await suite.world.transfer('T', 'D')
    await suite.world.transfer('T', 'A')
    days(30)
    expect(await suite.tpdp.pdp.sweep()).toBe(1)
    expect(await tuplesOf('ab')).toEqual([])
    await suite.give({ from: 'A', to: 'B', actions: ['execute'] })
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['delegated'])
  })
})

/**
 * Many grants from one delegator to one delegate on one thing: bounded, cheap for whoever holds them, and gone with the grant they hang from.
 *
 * @module
 */
import { expect, inject, test } from 'vitest'
import { TRIPS } from '../fixtures/pdp.ts'
import { refusal, useSuite } from '../fixtures/suite.ts'

const suite = useSuite()
const MOST = 40
const DINNER = { subject: 'C', action: 'execute', item: 'dinner' } as const

/** B passes on what A gave, with limits that the dinner's price is above. */
const junk = (index: number) =>
  suite.world.grant({
    from: 'B',
    to: 'C',
    name: `junk-${index}`,
    parent: 'ab',
    actions: ['execute'],
    limits: [{ attribute: 'planned_price', at_most: index, currency: 'EUR' }],
  })

async function flood(): Promise<void> {
  await suite.give({ from: 'A', to: 'B', name: 'ab', actions: ['execute'], redelegations: 1 })
  for (let index = 1; index <= MOST; index += 1) expect((await junk(index)).status).toBe(201)
}

/** How many calls to OpenFGA something takes. */
async function calls(work: () => Promise<unknown>): Promise<number> {
  const before = await made()
  await work()
  return (await made()) - before
}
async function made(): Promise<number> {
  const { text } = await suite.tpdp.call('GET', '/metrics')
  const lines = text.split('\n').filter((line) => line.startsWith('mandate_openfga_request_seconds_count'))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** How many grants are at seats of the delegate's. */
async function seated(delegate: string): Promise<number> {
  const { url, apiToken } = inject('openFga')
  const headers = { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' }
  const name = encodeURIComponent(suite.tpdp.config.OPENFGA_STORE)
  const { stores } = (await (await fetch(`${url}/stores?name=${name}`, { headers })).json()) as {
    readonly stores: readonly { readonly id: string }[]
  }
  let found = 0
  let token = ''
  do {
    const body = JSON.stringify({ page_size: 100, continuation_token: token })
    const answer = await fetch(`${url}/stores/${stores[0]?.id}/read`, { method: 'POST', headers, body })
    const page = (await answer.json()) as {
      readonly tuples: readonly { readonly key: Readonly<Record<'user' | 'relation', string>> }[]
      readonly continuation_token: string
    }
    const ids = [...suite.world.named].filter(([given]) => given.startsWith(delegate)).map(([, id]) => `grant:${id}`)
    found += page.tuples.filter(({ key }) => key.relation === 'via' && ids.includes(key.user)).length
    token = page.continuation_token
  } while (token)
  return found
}

test('one more than the bound is 409 and names it; a replacement is not one more, and a revocation makes room', async () => {
  await flood()
  const refused = await junk(MOST + 1)
  expect(refusal(refused)).toEqual([409, 'conflict'])
  expect(refused.body).toMatchObject({ bound: MOST, detail: expect.stringContaining(`${MOST} live grants`) })
  const { named } = suite.world
  const replacement = await suite.world.grant({
    from: 'B',
    to: 'C',
    parent: 'ab',
    actions: ['execute'],
    limits: [{ attribute: 'risk', at_most: 1 }],
    replaces: named.get('junk-1') ?? '',
  })
  expect(replacement.status, replacement.text).toBe(201)
  expect((await suite.world.revoke('junk-2', 'B')).status).toBe(200)
  expect((await junk(MOST + 1)).status).toBe(201)
  expect((await junk(MOST + 2)).status).toBe(409)
})

test("what others give on the same thing, and the same on other things, is not in one delegator's bound", async () => {
  await flood()
  await suite.give({ from: 'A', to: 'C', actions: ['execute'] })
  await suite.give({ from: 'B', to: 'C', parent: 'ab', on: 'T/dinner', actions: ['execute'] })
})

test('a good chain among them costs no more than it does alone', async () => {
  await suite.give({ from: 'A', to: 'C', actions: ['execute'] })
  await suite.codes(DINNER)
  const alone = await calls(() => suite.codes(DINNER))
  await flood()
  await suite.codes(DINNER)
  expect(await suite.codes(DINNER)).toEqual(['delegated'])
  expect(await calls(() => suite.codes(DINNER))).toBe(alone)
})

test('what hangs from a revoked grant is asked about no more, leaves OpenFGA, and is explained as before', async () => {
  await flood()
  expect(await suite.codes(DINNER)).toEqual(['grant_limit'])
  await suite.world.revoke('ab', 'A')
  expect(await suite.codes(DINNER)).toEqual(['grant_revoked'])
  await expect.poll(() => seated('junk')).toBe(0)
  expect(await suite.codes(DINNER)).toEqual(['grant_revoked'])
  expect(await calls(() => suite.codes(DINNER))).toBeLessThanOrEqual(4)
})

test('a near miss is found behind any number of grants on other things', async () => {
  await suite.give({ from: 'A', to: 'C', name: 'ac', actions: ['execute'] })
  await suite.world.revoke('ac', 'A')
  for (let trip = 0; trip < 60; trip += 1) {
    const id = `${suite.world.tag}-${trip}`
    const owner = { owner: suite.world.ref('A'), owner_persona: 'traveler/family' }
    await suite.world.call('PUT', `/v1/resources/workflow/${id}`, TRIPS, owner)
    await suite.give({ from: 'A', to: 'C', on: `workflow:${id}`, actions: ['execute'] })
  }
  expect(await suite.codes(DINNER)).toEqual(['grant_revoked'])
})

/**
 * Transfer (rule B1) at its edges, and cut in half.
 *
 * @module
 */
import { describe, expect, inject, test } from 'vitest'
import { startBadLine } from '../fixtures/bad-line.ts'
import { startTestPdp, TRIPS } from '../fixtures/pdp.ts'
import { useSuite } from '../fixtures/suite.ts'
import { World } from '../fixtures/world.ts'

const suite = useSuite()
const FLIGHT = { action: 'execute', item: 'flight' } as const

describe('B1: transfer', () => {
  test('is recorded once, by pseudonym, and both owners find it', async () => {
    const { world } = suite
    expect((await world.transfer('T', 'D')).status).toBe(200)
    for (const name of ['A', 'D']) {
      const { body, text } = await world.call('GET', '/v1/decisions?kind=resource_transferred', world.as(name))
      expect(body.total).toBe(1)
      expect(body.entries[0]).toMatchObject({ caller: 'service:trips', change: { persona: 'traveler/family' } })
      expect(text).not.toContain(world.id('A'))
    }
  })

  test('to whom it belongs already is no change: grants stay', async () => {
    const { world } = suite
    await suite.give({ from: 'A', to: 'B', actions: ['execute'] })
    const answer = await world.transfer('T', 'A')
    expect([answer.status, answer.body.owner]).toEqual([200, world.ref('A')])
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['delegated'])
  })

  test('into another persona of the same owner ends every grant, on parts too', async () => {
    const { world } = suite
    await world.take('A', 'business-traveler/acme')
    await suite.give({ from: 'A', to: 'B', actions: ['execute'], name: 'ab' })
    await suite.give({ from: 'A', to: 'C', actions: ['execute'], on: 'T/flight', name: 'ac' })
    const answer = await world.transfer('T', 'A', 'business-traveler/acme')
    expect(answer.body).toMatchObject({ owner: world.ref('A'), owner_persona: 'business-traveler/acme' })
    expect(await suite.codes({ subject: 'B', ...FLIGHT })).toEqual(['grant_revoked'])
    expect(await suite.codes({ subject: 'C', ...FLIGHT })).toEqual(['grant_revoked'])
    expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['persona_mismatch'])
    for (const name of ['ab', 'ac']) {
      const { body } = await world.call('GET', `/v1/grants/${world.named.get(name)}`, world.as('A'))
      expect(body).toMatchObject({ status: 'revoked', revoke_reason: 'transferred' })
      expect(body.revoked_by).toBeUndefined()
    }
  })

  test('an item goes with its trip, and a process that remembers nothing knows it', async () => {
    const { world, tpdp } = suite
    await world.transfer('T', 'D')
    await tpdp.restart()
    expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['no_grant'])
    expect(await suite.codes({ subject: 'D', ...FLIGHT })).toEqual(['owner'])
  })

  test('is refused for a part, an unknown thing, an agent as owner, and a persona nobody holds', async () => {
    const { world } = suite
    const path = `/v1/resources/workflow/${world.named.get('T')}/transfer`
    const to = (owner: string, owner_persona?: string, at = path) =>
      world.call('POST', at, TRIPS, { owner, ...(owner_persona ? { owner_persona } : {}) })
    const codes = async (answer: ReturnType<typeof to>) => [(await answer).status, (await answer).body.code]
    const part = path.replace('workflow/', 'workflow_item/').replace('/transfer', '-flight/transfer')
    expect(await codes(to(world.ref('D'), 'traveler/family', part))).toEqual([400, 'invalid_request'])
    const unknown = '/v1/resources/workflow/nothing/transfer'
    expect(await codes(to(world.ref('D'), 'traveler/family', unknown))).toEqual([404, 'not_found'])
    expect(await codes(to(world.ref('X')))).toEqual([400, 'invalid_request'])
    expect(await codes(to(world.ref('D'), 'traveler/work'))).toEqual([422, 'persona_invalid'])
    expect(await codes(to(world.ref('D')))).toEqual([422, 'persona_invalid'])
    expect(await suite.codes({ subject: 'A', ...FLIGHT })).toEqual(['owner'])
  })

  test('of two at once, one after the other: the later one has it', async () => {
    const { world } = suite
    const answers = await Promise.all([world.transfer('T', 'D'), world.transfer('T', 'S'), world.transfer('T', 'D')])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const owns = async (subject: string) => (await suite.codes({ subject, ...FLIGHT }))[0] === 'owner'
    const owners = [await owns('D'), await owns('S')]
    expect(owners.filter(Boolean)).toHaveLength(1)
    // On PostgreSQL the lock goes to who asks the database first, which need not be the request that came first.
    if (suite.tpdp.config.PDP_STORE_URL === undefined) expect(owners).toEqual([true, false])
  })
})

test('a transfer that fails half way is finished: as soon as the store is there, or at the next start', async () => {
  const line = await startBadLine(inject('openFga').url)
  const tpdp = await startTestPdp({ openFga: { ...inject('openFga'), url: line.url } })
  try {
    for (const restart of [false, true]) {
      const world = new World(tpdp)
      await world.begin()
      await world.grant({ from: 'A', to: 'B', actions: ['execute'] })
      await world.take('A', 'business-traveler/acme')
      let writes = 0
      // The same owner's tuple goes before its successor comes: cut between the two.
      line.behave((path) => (path.endsWith('/write') && ++writes > 1 ? 'refuse' : 'pass'))
      expect((await world.transfer('T', 'A', 'business-traveler/acme')).status).toBe(503)
      expect((await world.ask({ subject: 'B', ...FLIGHT })).body.decision).toBe(false)
      if (restart) await tpdp.restart(() => line.behave(() => 'pass'))
      else line.behave(() => 'pass')
      const reason = async () => {
        const ask = { subject: 'A', persona: 'business-traveler/acme', ...FLIGHT }
        return (await world.ask(ask)).body.context?.reason
      }
      await expect.poll(reason).toBe('owner')
      expect((await world.ask({ subject: 'B', ...FLIGHT })).body.context.reason).toBe('grant_revoked')
    }
  } finally {
    line.behave(() => 'pass')
    await tpdp.stop()
    await line.stop()
  }
})

/**
 * Two stores and no transaction between them: what is left when a change is cut in half. Nothing is permitted that was not asked
 * for, nothing that was asked for is out of reach, and nothing that was taken away comes back.
 *
 * @module
 */
import type { OpenFga } from '@mandate/stack'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type BadLine, startBadLine } from '../fixtures/bad-line.ts'
import { startDurableOpenFga } from '../fixtures/durable.ts'
import { whileLocked } from '../fixtures/locked-database.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { AUTONOMY, World } from '../fixtures/world.ts'

let openFga: OpenFga
let line: BadLine
let tpdp: TestPdp
let world: World

beforeAll(async () => {
  openFga = await startDurableOpenFga()
  line = await startBadLine(openFga.url)
  tpdp = await startTestPdp({
    openFga: { url: line.url, apiToken: openFga.apiToken },
    env: { OPENFGA_DEADLINE_MS: '3000' },
  })
})
afterAll(async () => {
  line?.behave(() => 'pass')
  await tpdp?.stop()
  await line?.stop()
  await openFga?.stop()
})
beforeEach(async () => {
  world = new World(tpdp)
  await world.begin()
})
afterEach(() => line.behave(() => 'pass'))

const GIVEN = { from: 'A', to: 'B', actions: ['execute'] } as const
const give = () => world.grant({ ...GIVEN, name: 'ab' })

/** The reason of the decision about B, as soon as there is one. */
async function reasonForB(): Promise<string> {
  const answer = await world.ask({ subject: 'B', action: 'execute', item: 'flight' })
  return answer.status === 200 ? answer.body.context.reason : `status ${answer.status}`
}
const listed = async (): Promise<readonly string[]> => {
  const { body } = await world.call('GET', `/v1/grants?delegator=${world.ref('A')}&include=ended`, world.as('A'))
  return body.items.map((grant: { readonly status: string }) => grant.status)
}

describe('a grant whose issue fails', () => {
  test('never was, when it did not reach the store', async () => {
    line.behave(() => 'refuse')
    expect((await give()).status).toBe(503)
    line.behave(() => 'pass')
    await expect.poll(reasonForB).toBe('no_grant')
    await expect.poll(listed).toEqual([])
    await tpdp.restart()
    expect(await reasonForB()).toBe('no_grant')
    expect(await listed()).toEqual([])
    expect((await give()).status).toBe(201)
    expect(await reasonForB()).toBe('delegated')
  })

  test('is issued all the same, when only the answer was lost: its marker is there', async () => {
    let lost = 0
    line.behave((path) => (path.endsWith('/write') && lost++ === 0 ? 'lose' : 'pass'))
    expect((await give()).status).toBe(201)
    expect(await reasonForB()).toBe('delegated')
    expect(await listed()).toEqual(['live'])
  })

  test('is taken back as soon as the store is there again', async () => {
    let landed = false
    line.behave((path) => {
      if (landed) return 'refuse'
      landed = path.endsWith('/write')
      return landed ? 'lose' : 'pass'
    })
    expect((await give()).status).toBe(503)
    line.behave(() => 'pass')
    await expect.poll(reasonForB).toBe('no_grant')
    await expect.poll(listed).toEqual([])
    await tpdp.restart()
    expect(await reasonForB()).toBe('no_grant')
  })
})

describe('a revocation that fails', () => {
  test('is finished as soon as the store is there again', async () => {
    await give()
    expect(await reasonForB()).toBe('delegated')
    line.behave(() => 'refuse')
    expect((await world.revoke('ab', 'A')).status).toBe(503)
    line.behave(() => 'pass')
    await expect.poll(reasonForB).toBe('grant_revoked')
    await expect.poll(listed).toEqual(['revoked'])
  })

  test('is finished at the next start, when the process ends first', async () => {
    await give()
    line.behave((path) => (path.endsWith('/write') ? 'refuse' : 'pass'))
    expect((await world.revoke('ab', 'A')).status).toBe(503)
    await tpdp.restart(() => line.behave(() => 'pass'))
    expect(await reasonForB()).toBe('grant_revoked')
    expect(await listed()).toEqual(['revoked'])
  })

  test('is done, when only the answer was lost; asked for again it is one revocation', async () => {
    await give()
    let lost = 0
    line.behave((path) => (path.endsWith('/write') && lost++ === 0 ? 'lose' : 'pass'))
    const first = await world.revoke('ab', 'A')
    expect(first.status).toBe(200)
    expect(await reasonForB()).toBe('grant_revoked')
    expect((await world.revoke('ab', 'A')).body).toEqual(first.body)
  })

  test('is carried out also where the database cannot be written', async () => {
    await give()
    await whileLocked(tpdp, async () => {
      expect((await world.revoke('ab', 'A')).status).toBeGreaterThanOrEqual(500)
      expect(await reasonForB()).not.toBe('delegated')
    })
    await expect.poll(listed).toEqual(['revoked'])
    expect(await reasonForB()).toBe('grant_revoked')
  })
})

describe('a suspension that fails', () => {
  test('of a persona is finished as soon as the store is there again', async () => {
    await give()
    line.behave((path) => (path.endsWith('/write') ? 'refuse' : 'pass'))
    const suspend = { status: 'suspended' }
    const answer = await world.patchPersona('B', 'travel-agent/acme', suspend, world.staff('persona-admin'))
    expect(answer.status).toBe(503)
    line.behave(() => 'pass')
    await expect.poll(reasonForB).toBe('persona_unusable')
  })

  test('of an agent is finished as soon as the store is there again', async () => {
    await world.grant({ from: 'A', to: 'X', actions: ['execute'], unattended: true })
    line.behave((path) => (path.endsWith('/write') ? 'refuse' : 'pass'))
    const path = `/v1/agents/${world.id('X')}`
    expect((await world.call('PATCH', path, world.staff('operator'), { status: 'suspended' })).status).toBe(503)
    line.behave(() => 'pass')
    const reason = async () =>
      (await world.ask({ subject: 'X', action: 'execute', item: 'flight' })).body.context?.reason
    await expect.poll(reason).toBe('agent_suspended')
  })
})

describe('suspensions that the database cannot take', () => {
  test('of two personas of one holder are both kept, and neither is undone by what the holder changes', async () => {
    await give()
    await world.persona('B', 'travel-agent/other')
    const personas = ['travel-agent/acme', 'travel-agent/other']
    await whileLocked(tpdp, async () => {
      for (const name of personas) {
        const { status } = await world.patchPersona('B', name, { status: 'suspended' }, world.staff('persona-admin'))
        expect(status).toBeGreaterThanOrEqual(500)
      }
    })
    await world.patchPersona('B', 'travel-agent/acme', { autonomy: AUTONOMY })
    expect(await reasonForB()).toBe('persona_unusable')
    const statuses = async () =>
      (await world.call('GET', '/v1/personas', world.as('B'))).body.items.map((one: { status: string }) => one.status)
    await expect.poll(statuses).toEqual(['suspended', 'suspended'])
  })
})

describe('two changes at the same time', () => {
  test('a suspension is not undone by its holder, whatever else they change', async () => {
    await give()
    const autonomy = { autonomy: AUTONOMY }
    for (let round = 0; round < 3; round += 1) {
      const admin = world.staff('persona-admin')
      await Promise.all([
        world.patchPersona('B', 'travel-agent/acme', autonomy),
        world.patchPersona('B', 'travel-agent/acme', autonomy),
        world.patchPersona('B', 'travel-agent/acme', { status: 'suspended' }, admin),
        world.patchPersona('B', 'travel-agent/acme', autonomy),
      ])
      expect(await reasonForB(), `round ${round}`).toBe('persona_unusable')
      await world.patchPersona('B', 'travel-agent/acme', { status: 'active' }, admin)
      expect(await reasonForB(), `round ${round}`).toBe('delegated')
    }
  })

  test('one grant is given once, and a persona is taken once', async () => {
    const answers = await Promise.all([give(), give(), give()])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    const taken = await Promise.all([world.take('A', 'visitor/club'), world.take('A', 'visitor/club')])
    expect(taken.map(({ status }) => status).sort()).toEqual([201, 409])
  })

  test('nobody holds more personas than ten by being quick', async () => {
    const circles = Array.from({ length: 14 }, (_, index) => `visitor/c${index}`)
    const taken = await Promise.all(circles.map((name) => world.take('S', name)))
    // S holds one already.
    expect(taken.filter(({ status }) => status === 201)).toHaveLength(9)
  })

  test('a revocation ends a grant once: everybody is told the same instant', async () => {
    await give()
    const answers = await Promise.all([world.revoke('ab', 'A'), world.revoke('ab', 'B'), world.revoke('ab', 'A')])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const ends = new Set(answers.map(({ body }) => `${body.revoked_at} ${body.revoked_by}`))
    expect([...ends]).toHaveLength(1)
  })
})

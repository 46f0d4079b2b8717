/**
 * Writes that OpenFGA carries out after the PDP gave up on them (ADR 0068): none of them gives anything, whichever change they belong to, and
 * what is shown meanwhile says that it is pending.
 *
 * @module
 */
import type { OpenFga } from '@mandate/stack'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type BadLine, startBadLine } from '../fixtures/bad-line.ts'
import { startDurableOpenFga } from '../fixtures/durable.ts'
import { packFolder } from '../fixtures/packs.ts'
import { type Answer, startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { AUTONOMY, World } from '../fixtures/world.ts'

const SHIPPED = new URL('../../pdp/policies/', import.meta.url).pathname
const RECORDS = { sub: 'service-account-records', azp: 'records', svc: 'records' }
const READER = { subject: { type: 'user', id: 'ann' }, relation: 'reader', resource: { type: 'record', id: 'late' } }

let openFga: OpenFga
let line: BadLine
let tpdp: TestPdp
let world: World

beforeAll(async () => {
  openFga = await startDurableOpenFga()
  line = await startBadLine(openFga.url)
  tpdp = await startTestPdp({
    openFga: { url: line.url, apiToken: openFga.apiToken },
    env: {
      PDP_PACKS: [packFolder('certification'), `${SHIPPED}travel`].join(','),
      PDP_SERVICES: 'records=record,trips=workflow+workflow_item+travel_account',
    },
  })
})
afterAll(async () => {
  line?.behave(() => 'pass')
  await line?.deliver()
  await tpdp?.stop()
  await line?.stop()
  await openFga?.stop()
})
beforeEach(async () => {
  world = new World(tpdp)
  await world.begin()
})
afterEach(() => line.behave(() => 'pass'))

const operator = () => world.staff('operator')
const admin = () => world.staff('persona-admin')
const agent = (status: string) => world.call('PATCH', `/v1/agents/${world.id('X')}`, operator(), { status })
const persona = (status: string) => world.patchPersona('B', 'travel-agent/acme', { status }, admin())
const consent = (given: boolean) =>
  world.patchPersona('A', 'traveler/family', { autonomy: given ? AUTONOMY : { ...AUTONOMY, consent: false } })
const facts = (change: object) =>
  tpdp.call('POST', '/v1/facts', { as: RECORDS, body: { domain: 'certification', ...change } })
const give = () => world.grant({ from: 'A', to: 'B', name: 'ab', actions: ['execute'] })
const giveAgent = () => world.grant({ from: 'A', to: 'X', actions: ['execute'], unattended: true })
const spare = () => `/v1/resources/workflow/spare-${world.tag}`
/** What cannot be decided yet is no permit. */
const allowed = async (answer: Promise<Answer>): Promise<boolean> => (await answer).body.decision === true
const byB = () => allowed(world.ask({ subject: 'B', action: 'execute', item: 'flight' }))
const byX = () => allowed(world.ask({ subject: 'X', action: 'execute', item: 'flight' }))
const grants = async (): Promise<readonly { readonly id: string; readonly status: string }[]> =>
  (await world.call('GET', `/v1/grants?delegator=${world.ref('A')}`, world.as('A'))).body.items

interface Kind {
  readonly name: string
  /** What must be so before. */
  readonly before: () => Promise<unknown>
  /** The change whose Write comes late. */
  readonly widen: () => Promise<Answer>
  /** What takes it away again, and is answered. */
  readonly narrow: () => Promise<Answer | undefined>
  readonly permitted: () => Promise<boolean>
}

const KINDS: readonly Kind[] = [
  {
    name: 'a grant',
    before: async () => undefined,
    widen: give,
    // It was never issued: there is nothing to revoke.
    narrow: async () => void (await expect.poll(grants).toEqual([])),
    permitted: byB,
  },
  {
    name: 'a grant in the place of another',
    before: async () => {
      await world.grant({ from: 'A', to: 'B', name: 'ab', actions: ['read'] })
    },
    widen: () => world.grant({ from: 'A', to: 'B', actions: ['execute'], replaces: world.named.get('ab') ?? '' }),
    narrow: () => world.revoke('ab', 'A'),
    permitted: byB,
  },
  {
    name: 'a persona that is activated',
    before: async () => {
      await give()
      await persona('suspended')
    },
    widen: () => persona('active'),
    narrow: () => persona('suspended'),
    permitted: byB,
  },
  {
    name: 'an agent that is resumed',
    before: async () => {
      await giveAgent()
      await agent('suspended')
    },
    widen: () => agent('active'),
    narrow: () => agent('suspended'),
    permitted: byX,
  },
  {
    name: 'consent that is given',
    before: async () => {
      await giveAgent()
      await consent(false)
    },
    widen: () => consent(true),
    narrow: () => consent(false),
    permitted: byX,
  },
  {
    name: 'a fact that is stored',
    before: async () => undefined,
    widen: () => facts({ write: [READER] }),
    narrow: () => facts({ remove: [READER] }),
    permitted: () =>
      allowed(
        tpdp.call('POST', '/access/v1/evaluation', {
          as: RECORDS,
          body: { subject: READER.subject, action: { name: 'read' }, resource: READER.resource },
        }),
      ),
  },
  {
    name: 'a resource that is registered',
    before: async () => undefined,
    widen: () => world.call('PUT', spare(), TRIPS_TOKEN, { owner: world.ref('A'), owner_persona: 'traveler/family' }),
    narrow: () => world.call('DELETE', spare(), TRIPS_TOKEN),
    permitted: () => allowed(world.ask({ subject: 'A', action: 'execute', trip: `spare-${world.tag}` })),
  },
  {
    name: 'a resource that changes hands',
    before: async () => undefined,
    widen: () => world.transfer('T', 'D'),
    narrow: async () => {
      // It is finished by itself, and then goes back.
      await expect.poll(() => allowed(world.ask({ subject: 'D', action: 'execute', item: 'flight' }))).toBe(true)
      return world.transfer('T', 'A')
    },
    permitted: () => allowed(world.ask({ subject: 'D', action: 'execute', item: 'flight' })),
  },
]

const TRIPS_TOKEN = { sub: 'service-account-trips', azp: 'trips', svc: 'trips' }

describe('a Write that comes after the PDP gave up', () => {
  test.for(KINDS.map((kind) => [kind.name, kind] as const))('%s: it changes nothing', async ([, kind]) => {
    await kind.before()
    expect(await kind.permitted()).toBe(false)
    let writes = 0
    line.behave((path) => (path.endsWith('/write') && writes++ === 0 ? 'hold' : 'pass'))
    expect((await kind.widen()).status).toBe(503)
    const narrowed = await kind.narrow()
    if (narrowed) expect(narrowed.status, narrowed.text).toBeLessThan(300)
    expect(await line.deliver()).toEqual([400])
    expect(await kind.permitted()).toBe(false)
    await tpdp.restart()
    expect(await kind.permitted()).toBe(false)
  })
})

describe('every Write comes late, and reads do not', () => {
  const held = (path: string) => (path.endsWith('/write') ? 'hold' : 'pass')

  test.for(['as sent', 'reversed'] as const)(
    'a grant is pending, permits nothing, and can be revoked (%s)',
    async (order) => {
      line.behave(held)
      const answer = await give()
      expect(answer.status).toBe(503)
      expect(answer.body.detail).toMatch(/pending/)
      const [pending] = await grants()
      expect(pending?.status).toBe('pending')
      await line.deliver(order)
      expect(await byB()).toBe(false)
      line.behave(() => 'pass')
      world.named.set('ab', pending?.id ?? '')
      // Either the revocation ends it or it was taken back before: it is gone, and nobody can use it.
      await expect.poll(async () => [200, 404].includes((await world.revoke('ab', 'A')).status)).toBe(true)
      await line.deliver()
      expect(await byB()).toBe(false)
      await expect.poll(grants).toEqual([])
      expect((await give()).status).toBe(201)
      expect(await byB()).toBe(true)
    },
  )

  test.for([
    ['a resumed agent', 'agent', () => agent('active'), () => agent('suspended'), byX],
    ['an activated persona', 'persona', () => persona('active'), () => persona('suspended'), byB],
  ] as const)(
    '%s is shown as pending and permits nothing until it is settled',
    async ([, what, widen, narrow, permitted]) => {
      await (what === 'agent' ? giveAgent() : give())
      await narrow()
      line.behave(held)
      expect((await widen()).status).toBe(503)
      const list =
        what === 'agent'
          ? world.call('GET', '/v1/agents', operator())
          : world.call('GET', '/v1/personas', world.as('B'))
      const shown = (await list).body.items.filter((one: { readonly pending?: true }) => one.pending)
      expect(shown).toHaveLength(1)
      expect(await permitted()).toBe(false)
      await line.deliver()
      line.behave(() => 'pass')
      // What was asked for is carried out, by itself, and is then in force and not pending.
      await expect.poll(permitted).toBe(true)
      expect((await narrow()).body).not.toHaveProperty('pending')
      await line.deliver()
      expect(await permitted()).toBe(false)
    },
  )
})

describe('while it is open whether a resource was registered', () => {
  test('its removal is not answered as done, and then it is decided without another change', async () => {
    line.behave((path) => (path === '/healthz' ? 'refuse' : path.endsWith('/write') ? 'hold' : 'pass'))
    const registered = { owner: world.ref('A'), owner_persona: 'traveler/family' }
    expect((await world.call('PUT', spare(), TRIPS_TOKEN, registered)).status).toBe(503)
    expect((await world.call('DELETE', spare(), TRIPS_TOKEN)).status).toBe(503)
    await line.deliver()
    line.behave(() => 'pass')
    const ask = async () => (await world.ask({ subject: 'A', action: 'execute', trip: `spare-${world.tag}` })).status
    await expect.poll(ask).toBe(200)
    expect((await world.call('DELETE', spare(), TRIPS_TOKEN)).status).toBe(204)
    expect(await allowed(world.ask({ subject: 'A', action: 'execute', trip: `spare-${world.tag}` }))).toBe(false)
  })
})

describe('what is concluded from', () => {
  test('is read past caches and replicas of OpenFGA, which do not have the latest Write', async () => {
    const reads: string[] = []
    line.behave((path, body) => {
      if (path.endsWith('/read')) reads.push(JSON.parse(body).consistency)
      return 'pass'
    })
    await persona('suspended')
    await facts({ write: [READER] })
    await facts({ remove: [READER] })
    expect(reads.length).toBeGreaterThan(2)
    expect(new Set(reads)).toEqual(new Set(['HIGHER_CONSISTENCY']))
  })
})

describe('a Write whose answer comes a byte at a time', () => {
  test('is given up on like one without an answer, and its marker says that it was carried out', async () => {
    line.behave((path) => (path.endsWith('/write') ? 'drip' : 'pass'))
    expect((await give()).status).toBe(201)
    line.behave(() => 'pass')
    expect(await byB()).toBe(true)
  })
})

describe('a Write that is carried out twice', () => {
  test('is one change, and the answer says so', async () => {
    line.behave((path) => (path.endsWith('/write') ? 'double' : 'pass'))
    expect((await give()).status).toBe(201)
    expect(await byB()).toBe(true)
    expect((await world.revoke('ab', 'A')).status).toBe(200)
    expect(await byB()).toBe(false)
  })
})

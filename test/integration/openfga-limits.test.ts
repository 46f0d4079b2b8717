/**
 * What OpenFGA cannot evaluate is no denial: questions above its limits, conditions without their values, a database that is gone.
 *
 * @module
 */
import { type OpenFga, type Postgres, startOpenFga, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packFolder } from '../fixtures/packs.ts'
import { type Answer, startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

/** What OpenFGA has when nobody sets anything. */
const DEFAULTS = { OPENFGA_MAX_CONDITION_EVALUATION_COST: '100', OPENFGA_RESOLVE_NODE_LIMIT: '25' }
const FOLDERS = { sub: 'service-account-folders', azp: 'folders', svc: 'folders' }
const PACK = { PDP_PACKS: packFolder('folders'), PDP_SERVICES: 'folders=folder' }

const metric = async (tpdp: TestPdp, name: string): Promise<number> => {
  const { text } = await tpdp.call('GET', '/metrics')
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(name))
      ?.split(' ')
      .at(-1) ?? 0,
  )
}

/** Folders f0 in f1 in f2 …, the last one read by Ida; and a list that she must stand on. */
async function writeFolders(tpdp: TestPdp, depth: number): Promise<void> {
  const ida = { type: 'user', id: 'ida' }
  const folder = (id: number) => ({ type: 'folder', id: `f${id}` })
  const parents = Array.from({ length: depth }, (_, id) => ({
    subject: folder(id + 1),
    relation: 'parent',
    resource: folder(id),
  }))
  const listed = { name: 'among', context: { tag: 'last' } }
  const write = [
    ...parents,
    { subject: ida, relation: 'reader', resource: folder(depth) },
    { subject: ida, relation: 'due', resource: folder(0), condition: { name: 'before' } },
    { subject: ida, relation: 'listed', resource: folder(0), condition: listed },
  ]
  const { status, text } = await tpdp.call('POST', '/v1/facts', { as: FOLDERS, body: { domain: 'folders', write } })
  expect(status, text).toBe(200)
}

const ask = (tpdp: TestPdp, action: string, properties: object = {}): Promise<Answer> =>
  tpdp.call('POST', '/access/v1/evaluation', {
    as: FOLDERS,
    body: {
      subject: { type: 'user', id: 'ida' },
      action: { name: action },
      resource: { type: 'folder', id: 'f0', properties },
    },
  })
const TAGS = [...Array.from({ length: 150 }, (_, index) => `tag-${index}`), 'last']

describe('an OpenFGA that was started with its defaults', () => {
  let openFga: OpenFga
  beforeAll(async () => {
    openFga = await startOpenFga({ env: {}, settings: DEFAULTS })
  })
  afterAll(() => openFga?.stop())

  describe('and a domain whose questions are above them', () => {
    let tpdp: TestPdp
    beforeAll(async () => {
      tpdp = await startTestPdp({ openFga, env: { ...PACK, ENGINE: 'openfga' } })
      await writeFolders(tpdp, 35)
    })
    afterAll(() => tpdp?.stop())

    test('the PDP is not ready, and says in its log and at /readyz which settings to change', async () => {
      const { status, body } = await tpdp.call('GET', '/readyz')
      expect(status).toBe(503)
      expect(body.missing).toContain('openfga_limits')
      expect(body.mend).toEqual([
        expect.stringContaining('OPENFGA_MAX_CONDITION_EVALUATION_COST=1000'),
        expect.stringContaining('OPENFGA_RESOLVE_NODE_LIMIT=50'),
      ])
      expect(tpdp.operations.join('')).toContain('limits of OpenFGA are too low')
    })

    test.for<readonly [string, string, object, string]>([
      ['too deep', 'read', {}, 'depth'],
      ['too costly', 'label', { tags: TAGS }, 'cost'],
    ])('%s is 503, logged and counted, never a denial', async ([, action, properties, reason]) => {
      const [from, counted] = [tpdp.operations.length, await metric(tpdp, unanswered(reason))]
      const answer = await ask(tpdp, action, properties)
      expect(answer, answer.text).toMatchObject({ status: 503, body: { code: 'relations_unavailable' } })
      expect(tpdp.operations.slice(from).join('')).toMatch(
        /OPENFGA_(RESOLVE_NODE_LIMIT|MAX_CONDITION_EVALUATION_COST)/u,
      )
      expect(await metric(tpdp, unanswered(reason))).toBe(counted + 1)
    })

    test('in a batch it fails its own item, and is logged once and counted', async () => {
      const [from, counted] = [tpdp.operations.length, await metric(tpdp, FAULTS)]
      const resource = { type: 'folder', id: 'f0' }
      const evaluations = [{}, { resource: { ...resource, id: 'f35' } }, {}]
      const body = { subject: { type: 'user', id: 'ida' }, action: { name: 'read' }, resource, evaluations }
      const answer = await tpdp.call('POST', '/access/v1/evaluations', { as: FOLDERS, body })
      const failed = { decision: false, context: { error: { status: 503 } } }
      expect(answer.body.evaluations).toMatchObject([failed, { decision: true }, failed])
      expect(tpdp.operations.slice(from).filter((line) => line.includes('"items":2'))).toHaveLength(1)
      expect(await metric(tpdp, FAULTS)).toBe(counted + 2)
    })

    test.for<readonly [string, object]>([
      ['missing', {}],
      ['null', { deadline: null }],
      ['no instant', { deadline: 'tomorrow' }],
      ['a number', { deadline: 5 }],
    ])('a value that a condition needs and that is %s is attribute_invalid, by its name', async ([, properties]) => {
      const { body } = await ask(tpdp, 'hand_in', properties)
      expect(body).toMatchObject({
        decision: false,
        context: { reasons: [{ code: 'attribute_invalid', attribute: 'deadline' }] },
      })
    })
  })

  test('sixteen chains of four links, each with three limits, from 48 givers: every one is good', async () => {
    const tpdp = await startTestPdp({
      openFga,
      env: { PDP_PERSON_PER_MINUTE: '60000', PDP_PERSON_BURST: '1000', ENGINE: 'openfga' },
    })
    const world = new World(tpdp)
    await world.begin(() => false)
    await world.persona('S', 'traveler/other')
    await Promise.all(Array.from({ length: 16 }, (_, index) => chainTo(world, index)))
    const answer = await world.ask({ subject: 'S', action: 'execute', item: 'dinner' })
    expect(answer.body, answer.text).toMatchObject({ decision: true, context: { reason: 'delegated' } })
    expect(answer.body.context.chain).toHaveLength(4)
    await tpdp.stop()
  })
})

/** A to three travel agents of their own, one after another, and from the last one to S. */
async function chainTo(world: World, index: number): Promise<void> {
  const limits = [
    { attribute: 'planned_price', at_most: 100_000 + index, currency: 'EUR' },
    { attribute: 'risk', at_most: 3 },
    { attribute: 'starts_at', at_least: 60 },
  ]
  const people = ['A', ...[1, 2, 3].map((step) => `G${index}s${step}`), 'S']
  for (const name of people.slice(1, -1)) await world.persona(name, 'travel-agent/acme')
  for (const [step, to] of people.slice(1).entries()) {
    const { status, text } = await world.grant({
      from: people[step] ?? '',
      to,
      name: `${index}-${step}`,
      persona: step === 0 ? 'traveler/family' : 'travel-agent/acme',
      ...(step > 0 ? { parent: `${index}-${step - 1}` } : {}),
      actions: ['execute'],
      redelegations: 3 - step,
      limits,
    })
    expect(status, text).toBe(201)
  }
}

const FAULTS = 'mandate_faults_total{code="relations_unavailable"}'
const unanswered = (reason: string): string => `mandate_openfga_unanswered_total{reason="${reason}"}`

test('with the limits that the stack sets, the PDP is ready and the same questions are permitted', async () => {
  const openFga = await startOpenFga({ env: {} })
  const tpdp = await startTestPdp({ openFga, env: { ...PACK, ENGINE: 'openfga' } })
  await writeFolders(tpdp, 35)
  const ready = await tpdp.call('GET', '/readyz')
  expect(ready).toMatchObject({ status: 200, body: { status: 'ready' } })
  expect((await ask(tpdp, 'read')).body).toMatchObject({ decision: true })
  expect((await ask(tpdp, 'label', { tags: TAGS })).body).toMatchObject({ decision: true })
  await tpdp.stop()
  await openFga.stop()
})

describe('the database under OpenFGA is gone', () => {
  let postgres: Postgres
  let openFga: OpenFga
  let tpdp: TestPdp
  beforeAll(async () => {
    postgres = await startPostgres()
    openFga = await startOpenFga({ engine: 'postgres', postgresUrl: postgres.url, env: {} })
    tpdp = await startTestPdp({ openFga, env: { ENGINE: 'openfga' } })
  })
  afterAll(async () => {
    await tpdp?.stop()
    await openFga?.stop()
    await postgres?.stop()
  })

  test('a decision and a grant are 503: nobody is told that a grant was revoked or a persona is not theirs', async () => {
    const world = new World(tpdp)
    await world.begin((name) => name === 'B')
    const given = await world.grant({ from: 'A', to: 'B', name: 'ab', actions: ['read', 'execute'] })
    expect(given.status, given.text).toBe(201)
    const question = { subject: 'B', action: 'execute', item: 'dinner' } as const
    expect((await world.ask(question)).body).toMatchObject({ decision: true })
    await postgres.kill()
    const unavailable = { status: 503, body: { code: 'relations_unavailable' } }
    expect(await world.ask(question)).toMatchObject(unavailable)
    expect(await world.grant({ from: 'A', to: 'B', actions: ['read'] })).toMatchObject(unavailable)
    const batch = { evaluations: [world.question(question)], options: { reasons: true } }
    const { body } = await tpdp.call('POST', '/access/v1/evaluations', { as: TRIPS, body: batch })
    expect(body.evaluations).toMatchObject([{ decision: false, context: { error: { status: 503 } } }])
    expect(body.evaluations[0].context).not.toHaveProperty('reason')
  })
})

/**
 * Three PDP processes on one PostgreSQL database: what one of them has answered is true on each, with the very next request (K1, K3). Before each
 * change all of them answer the same question, so that all remember its former answer.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createPep, type Pep } from '@mandate/pep'
import { tryCommand } from '@mandate/stack'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openPostgres } from '../../pdp/src/store/postgres.ts'
import { type ClusterService, startClusterService } from '../fixtures/cluster-service.ts'
import { holdTransaction } from '../fixtures/hold-transaction.ts'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { type Answer, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { type PdpProcess, type PdpProcesses, startPdpProcesses } from '../fixtures/pdp-processes.ts'
import { type Ask, AUTONOMY, ITEMS, World } from '../fixtures/world.ts'

type Call = TestPdp['call']

const FLIGHT: Ask = { subject: 'B', action: 'execute', item: 'flight' }
const OWNERS: Ask = { ...FLIGHT, subject: 'A' }
const DAY_MS = 86_400_000

let processes: PdpProcesses
let pdps: readonly PdpProcess[]
let world: World
/** The PDP that the world calls. */
let at: number

/** In which order a test makes its changes at the PDPs: each test begins with another one. */
let [first, second, third] = [0, 1, 2]

beforeAll(async () => {
  processes = await startPdpProcesses(3, { PDP_DRAIN_SECONDS: '2' })
  pdps = processes.pdps
})
afterAll(() => processes?.stop())
beforeEach(async () => {
  ;[first, second, third] = [second, third, first]
  at = first
  world = new World({ call: (...of) => pdp(at).call(...of), now: Date.now, advance: () => undefined })
  await world.begin()
})

function pdp(index: number): PdpProcess {
  const found = pdps[index]
  if (!found) throw new Error(`there is no PDP ${index}`)
  return found
}

/** Runs a task whose requests go to one PDP. */
async function via<T>(index: number, task: () => Promise<T>): Promise<T> {
  at = index
  return await task()
}

/** Sends a request to all PDPs at once, and expects them to agree. @returns What all of them answered. */
async function agreed<T>(request: (call: Call) => Promise<T>): Promise<T> {
  const [first, ...others] = await Promise.all(pdps.map(({ call }) => request(call)))
  for (const other of others) expect(other).toEqual(first)
  return first as T
}

const evaluation = (ask: Ask) => (call: Call) =>
  call('POST', '/access/v1/evaluation', { as: TRIPS, body: world.question(ask) })
const reason = (ask: Ask = FLIGHT): Promise<string> =>
  agreed(async (call) => (await evaluation(ask)(call)).body.context.reason)
const read = (path: string, as: TokenClaims | string) =>
  agreed(async (call) => {
    const { status, body } = await call('GET', path, { as })
    // A problem has the id of its request.
    return { status, body: status < 300 ? body : body.code }
  })
const ids = ({ body }: Pick<Answer, 'body'>): readonly string[] => body.items.map(({ id }: { id: string }) => id)
const operator = () => world.staff('operator')

describe('with the very next request, on each PDP', () => {
  test('grants: given, used, listed, searched, and revoked', async () => {
    const listed = async () => ids(await read('/v1/grants', world.as('A')))
    const actions = () =>
      agreed(async (call) => {
        const { resource, subject } = world.question({ subject: 'B', action: 'read', item: 'flight' })
        const { body } = await call('POST', '/access/v1/search/action', { as: TRIPS, body: { subject, resource } })
        return body.results.map(({ name }: { name: string }) => name)
      })
    expect([await reason(), await actions(), await listed()]).toEqual(['no_grant', [], []])
    const { body } = await via(first, () => world.grant({ from: 'A', to: 'B', actions: ['execute'], name: 'ab' }))
    expect(await reason()).toBe('delegated')
    expect(await actions()).toEqual(['execute', 'read'])
    expect(await listed()).toEqual([body.id])
    expect(await read(`/v1/grants/${body.id}`, world.as('B'))).toMatchObject({ body: { status: 'live' } })
    await via(second, () => world.revoke('ab', 'A'))
    expect(await reason()).toBe('grant_revoked')
    expect(await actions()).toEqual([])
    expect(await listed()).toEqual([])
    expect(await read(`/v1/grants/${body.id}`, world.as('B'))).toMatchObject({ body: { status: 'revoked' } })
  })

  test('a chain: each link given at another PDP, and the first revoked', async () => {
    const ofC: Ask = { ...FLIGHT, subject: 'C' }
    expect(await reason(ofC)).toBe('no_grant')
    await via(first, () => world.grant({ from: 'A', to: 'B', actions: ['execute'], redelegations: 1, name: 'ab' }))
    await via(second, () => world.grant({ from: 'B', to: 'C', actions: ['execute'], parent: 'ab' }))
    expect(await reason(ofC)).toBe('delegated')
    await via(third, () => world.revoke('ab', 'A'))
    expect(await reason(ofC)).toBe('grant_revoked')
  })

  test('near misses: the same reasons, and the same grant', async () => {
    const context = (ask: Ask) =>
      agreed(async (call) => {
        const { evaluation_id, evaluated_at, ...same } = (await evaluation(ask)(call)).body.context
        return same
      })
    const change = { action: 'update' } as const
    await via(first, () => world.trip('T2', 'A', 'traveler/family'))
    await via(second, () => world.grant({ from: 'A', to: 'B', on: 'T2', actions: ['read'], name: 'ab' }))
    expect(await context(FLIGHT)).toMatchObject({ reason: 'grant_scope' })
    expect(await context({ ...FLIGHT, trip: 'T2' })).toMatchObject({ reason: 'grant_action' })
    await via(third, () => world.grant({ from: 'A', to: 'B', actions: ['read'], redelegations: 1, name: 'near' }))
    expect(await context({ ...change, subject: 'B' })).toMatchObject({ reason: 'grant_action' })
    await via(first, () => world.grant({ from: 'B', to: 'D', actions: ['read'], parent: 'near' }))
    await via(second, () => world.personaStatus('B', 'travel-agent/acme', 'suspended'))
    expect(await context({ subject: 'D', action: 'read' })).toMatchObject({ reason: 'chain_broken' })
    await via(third, () => world.personaStatus('B', 'travel-agent/acme', 'active'))
    expect(await context({ subject: 'D', action: 'read' })).toMatchObject({ reason: 'delegated' })
    await via(first, () => world.revoke('near', 'A'))
    expect(await context({ subject: 'D', action: 'read' })).toMatchObject({ reason: 'grant_revoked' })
  })

  test('API keys: issued, used, and revoked', async () => {
    const expires_at = new Date(Date.now() + 30 * DAY_MS).toISOString()
    const terms = { name: 'a gateway', types: ['workflow', 'workflow_item'], expires_at }
    const { body } = await via(first, () => world.call('POST', '/v1/keys', operator(), terms))
    const asked = () =>
      agreed(async (call) => {
        const answer = await call('POST', '/access/v1/evaluation', { as: body.key, body: world.question(OWNERS) })
        return [answer.status, answer.body.decision]
      })
    expect(await asked()).toEqual([200, true])
    const { status } = await via(second, () => world.call('DELETE', `/v1/keys/${body.id}`, operator()))
    expect(status).toBe(204)
    expect(await asked()).toEqual([401, undefined])
    const page = await read('/v1/keys', operator())
    expect(page.body.items.find(({ id }: { id: string }) => id === body.id)).toHaveProperty('revoked_at')
  })

  test('the suspension of an agent, and its end', async () => {
    const ofX: Ask = { ...FLIGHT, subject: 'X' }
    await via(first, () => world.grant({ from: 'A', to: 'X', actions: ['execute'], unattended: true }))
    const shown = async () =>
      (await read('/v1/agents', operator())).body.items.find(({ id }: { id: string }) => id === world.id('X')).status
    const become = (status: string) => world.call('PATCH', `/v1/agents/${world.id('X')}`, operator(), { status })
    expect([await reason(ofX), await shown()]).toEqual(['delegated', 'active'])
    await via(second, () => become('suspended'))
    expect([await reason(ofX), await shown()]).toEqual(['agent_suspended', 'suspended'])
    await via(third, () => become('active'))
    expect([await reason(ofX), await shown()]).toEqual(['delegated', 'active'])
  })

  test('personas: taken, suspended, active again, and revoked', async () => {
    const name = 'P'
    const asked: Ask = { subject: name, persona: 'traveler/family', action: 'read' }
    await via(first, () => world.persona(name, 'traveler/other'))
    await via(second, () => world.grant({ from: 'A', to: name, actions: ['read'] }))
    expect(await reason(asked)).toBe('persona_unknown')
    await via(third, () => world.persona(name, 'traveler/family'))
    expect(await reason(asked)).toBe('delegated')
    const administrator = world.staff('persona-admin')
    for (const [index, status, by, then] of [
      [first, 'suspended', administrator, 'persona_unusable'],
      [second, 'active', administrator, 'delegated'],
      [third, 'inactive', world.as(name), 'persona_unusable'],
      [first, 'active', world.as(name), 'delegated'],
      [second, 'revoked', world.as(name), 'persona_unusable'],
    ] as const) {
      const answer = await via(index, () => world.patchPersona(name, 'traveler/family', { status }, by))
      expect([status, answer.status, await reason(asked)]).toEqual([status, 200, then])
    }
    const { body } = await read('/v1/personas', world.as(name))
    expect(body.items.map(({ status }: { status: string }) => status).sort()).toEqual(['active', 'revoked'])
  })

  test('gate settings', async () => {
    const ofX2: Ask = { ...FLIGHT, subject: 'X2' }
    await via(first, () => world.grant({ from: 'A', to: 'X2', actions: ['execute'], unattended: true }))
    expect(await reason(ofX2)).toBe('delegated')
    const price = { at_most: ITEMS.flight.planned_price.amount - 1, currency: 'EUR' }
    const lower = { ...AUTONOMY, limits: { ...AUTONOMY.limits, price } }
    await via(second, () => world.autonomy('A', 'traveler/family', lower))
    expect(await reason(ofX2)).toBe('price_above_limit')
    await via(third, () => world.autonomy('A', 'traveler/family', { consent: false }))
    expect(await reason(ofX2)).toBe('no_consent')
    await via(first, () => world.autonomy('A', 'traveler/family', AUTONOMY))
    expect(await reason(ofX2)).toBe('delegated')
  })

  test('a resource: handed over, and removed', async () => {
    expect([await reason(OWNERS), await reason({ ...FLIGHT, subject: 'D' })]).toEqual(['owner', 'no_grant'])
    expect((await via(first, () => world.transfer('T', 'D'))).status).toBe(200)
    expect([await reason(OWNERS), await reason({ ...FLIGHT, subject: 'D' })]).toEqual(['no_grant', 'owner'])
    const path = `/v1/resources/workflow/${world.named.get('T')}`
    await via(second, () => world.call('DELETE', path, TRIPS))
    expect(await reason({ ...FLIGHT, subject: 'D' })).toBe('resource_unknown')
  })

  test('an invitation: made at one PDP, redeemed at another, confirmed at a third', async () => {
    const terms = { grant: { delegator_persona: 'traveler/family', scope: world.scope('T') } }
    const asked: Ask = { subject: 'B', action: 'read' }
    const statuses = async (name: string, id: string) => {
      const { body } = await read('/v1/invitations', world.as(name))
      return body.items.find((one: { id: string }) => one.id === id)?.status
    }
    const made = await via(first, () => world.call('POST', '/v1/invitations', world.as('A'), terms))
    const { id, code } = made.body
    expect([await statuses('A', id), await statuses('B', id)]).toEqual(['open', undefined])
    const codes = await Promise.all(
      ['B', 'B', 'B'].map((name, index) =>
        pdp((second + index) % 3).call('POST', '/v1/invitations/redeem', { as: world.as(name), body: { code } }),
      ),
    )
    expect(codes.map(({ status }) => status).sort()).toEqual([200, 404, 404])
    expect([await statuses('A', id), await statuses('B', id)]).toEqual(['redeemed', 'redeemed'])
    expect(await reason(asked)).toBe('no_grant')
    const confirm = (index: number) =>
      via(index, () => world.call('POST', `/v1/invitations/${id}/confirm`, world.as('A'), { redeemer: world.ref('B') }))
    const confirmed = await confirm(third)
    expect(confirmed).toMatchObject({ status: 200, body: { status: 'confirmed' } })
    expect(await reason(asked)).toBe('delegated')
    expect((await confirm(first)).body.grant_id).toBe(confirmed.body.grant_id)
    expect([await statuses('A', id), await statuses('B', id)]).toEqual(['confirmed', 'confirmed'])
  })

  test('an invitation that was withdrawn, and wrong codes, whichever PDP counts them', async () => {
    const make = async () => (await world.call('POST', '/v1/invitations', world.as('A'), {})).body
    const [gone, right] = [await via(first, make), await via(second, make)]
    await via(third, () => world.call('DELETE', `/v1/invitations/${gone.id}`, world.as('A')))
    const redeem = (code: string, name: string) => async (call: Call) =>
      (await call('POST', '/v1/invitations/redeem', { as: world.as(name), body: { code } })).status
    expect(await agreed(redeem(gone.code, 'D'))).toBe(404)
    const guesser = 'G'
    const guesses = await Promise.all(
      Array.from({ length: 15 }, (_, index) => redeem(`mi_wrong${index}`, guesser)(pdp(index % 3).call)),
    )
    expect(guesses.filter((status) => status === 404)).toHaveLength(10)
    expect(guesses.filter((status) => status === 429)).toHaveLength(5)
    expect(await agreed(redeem(right.code, guesser))).toBe(429)
    expect(await redeem(right.code, 'D')(pdp(first).call)).toBe(200)
  })

  test('a retry at another PDP gets the first answer, also while the first request runs', async () => {
    const grant = { delegator_persona: 'traveler/family', scope: world.scope('T'), actions: ['read'] }
    const send = (index: number, key: string, delegate: string) =>
      pdp(index).call('POST', '/v1/grants', {
        as: world.as('A'),
        body: { ...grant, delegate: world.ref(delegate) },
        headers: { 'idempotency-key': key },
      })
    const replayed = ({ headers }: Answer) => headers.get('idempotent-replayed')
    const key = randomUUID()
    const answers = [await send(first, key, 'B'), await send(second, key, 'B'), await send(third, key, 'B')]
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers.map(replayed)).toEqual([null, 'true', 'true'])
    const other = await send(third, key, 'C')
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused'])

    const running = randomUUID()
    const { postgres } = processes
    const database = await openPostgres(postgres.url)
    const release = await holdTransaction(database)
    const waiting = async (mode: string, granted: boolean) =>
      Number(
        await postgres.query(
          postgres.url,
          `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = '${mode}' AND granted = ${granted}`,
        ),
      )
    const before = await waiting('ShareLock', true)
    const original = send(first, running, 'C')
    await expect.poll(() => waiting('ExclusiveLock', false)).toBeGreaterThan(0)
    const retries = [send(second, running, 'C'), send(third, running, 'C')]
    await expect.poll(() => waiting('ShareLock', true)).toBe(before + 2)
    await release()
    await database.close()
    const all = [await original, ...(await Promise.all(retries))]
    expect(all.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(all.map(({ text }) => text)).size).toBe(1)
    expect(all.map(replayed)).toEqual([null, 'true', 'true'])
  })

  test('an erased person: tokens from before, personas, grants and notices', async () => {
    const name = 'E'
    const as = world.as(name)
    await via(first, () => world.persona(name, 'traveler/family'))
    await via(second, () => world.trip('T', name, 'traveler/family'))
    await via(third, () => world.grant({ from: name, to: 'B', persona: 'traveler/family', actions: ['execute'] }))
    const token = await processes.issuer.token(as)
    const own: Ask = { ...FLIGHT, subject: name, persona: 'traveler/family' }
    const notices = async () => {
      const { body } = await read('/v1/erasures?limit=200', TRIPS)
      return body.items.filter(({ sub }: { sub: string }) => sub === world.id(name))
    }
    expect([await reason(), await reason(own)]).toEqual(['delegated', 'owner'])
    const pseudonym = (as: string) => agreed(async (call) => (await exported(call, as)).body.pseudonym)
    const former = await pseudonym(token)
    expect((await pdp(first).call('DELETE', '/v1/subjects/me', { as: token })).status).toBe(200)
    expect((await read('/v1/personas', token)).status).toBe(401)
    expect([await reason(), await reason(own)]).not.toContain('delegated')
    expect(await reason(own)).not.toBe('owner')
    const [notice] = await notices()
    expect(notice).toMatchObject({ issuer: processes.issuer.issuer })
    const path = `/v1/erasures/${notice.id}`
    expect((await read(path, operator())).body.waiting).toEqual(['trips'])
    await via(second, () => world.call('POST', `${path}/acknowledge`, TRIPS))
    expect(await notices()).toEqual([])
    expect((await read(path, operator())).body.waiting).toEqual([])
    // `iat` has whole seconds: a token issued within the second of the erasure counts as older.
    const signedInAgain = async () => exported(pdp(third).call, await processes.issuer.token(as))
    await expect.poll(async () => (await signedInAgain()).status).toBe(200)
    expect(await pseudonym(await processes.issuer.token(as))).not.toBe(former)
    expect((await read('/v1/personas', token)).status).toBe(401)
  })

  test('an ended session: its tokens, what names it, and its streams', async () => {
    const sid = randomUUID()
    const token = await processes.issuer.token({ ...world.as('A'), sid })
    const named = async () => {
      const question = world.question(OWNERS)
      const subject = { ...question.subject, properties: { ...question.subject.properties, sid } }
      const body = { ...question, subject }
      return agreed(async (call) => {
        const answer = await call('POST', '/access/v1/evaluation', { as: TRIPS, body })
        return answer.body.context.reason
      })
    }
    const streams = await Promise.all(
      pdps.map(({ url }) => fetch(`${url}/v1/decisions/stream`, { headers: { authorization: `Bearer ${token}` } })),
    )
    expect(streams.map(({ status }) => status)).toEqual([200, 200, 200])
    expect([(await read('/v1/personas', token)).status, await named()]).toEqual([200, 'owner'])
    expect(await logOut(pdp(first), { sid })).toBe(200)
    expect([(await read('/v1/personas', token)).status, await named()]).toEqual([401, 'session_ended'])
    // Each ends, or the test runs out of time.
    await Promise.all(streams.map((stream) => stream.text()))
    expect(await reason(OWNERS)).toBe('owner')
  })

  test('all sessions of a person', async () => {
    const name = 'L'
    const tokens = await Promise.all([0, 1].map(() => processes.issuer.token(world.as(name))))
    const statuses = () => Promise.all(tokens.map(async (token) => (await read('/v1/personas', token)).status))
    expect(await statuses()).toEqual([200, 200])
    expect(await logOut(pdp(first), { sub: world.id(name) })).toBe(200)
    expect(await statuses()).toEqual([401, 401])
    expect((await read('/v1/personas', world.as('B'))).status).toBe(200)
  })

  test('policies: loaded at one PDP, decided by at all at once, and rolled back at another', async () => {
    const file = join(pdp(first).policies, 'travel/manifest.yaml')
    const shipped = readFileSync(file, 'utf8')
    const own = 'assume: self\n    own: [read, create, update, execute]'
    expect(shipped).toContain(own)
    const inForce = async () => {
      const { body } = await read('/v1/policies', world.staff('auditor'))
      return body.items.find((one: { in_force: boolean }) => one.in_force).version
    }
    const former = await inForce()
    expect(await reason(OWNERS)).toBe('owner')
    writeFileSync(file, shipped.replace(own, 'assume: self\n    own: [read, create, update]'))
    try {
      const load = () => pdp(first).call('POST', '/v1/policies/load', { as: operator() })
      const loaded = await whileAsked('persona_action', load)
      expect(await reason(OWNERS)).toBe('persona_action')
      expect(await inForce()).toBe(loaded.body.version)
    } finally {
      writeFileSync(file, shipped)
    }
    const body = { version: former }
    await whileAsked('owner', () => pdp(second).call('POST', '/v1/policies/activate', { as: operator(), body }))
    expect(await reason(OWNERS)).toBe('owner')
    expect(await inForce()).toBe(former)
  })
})

describe('a rolling update as a StatefulSet makes it, one PDP after the other', () => {
  /** Connections that still go to a PDP after its SIGTERM: more than a PEP tries for one question. */
  const LATE_CONNECTIONS = 4
  let service: ClusterService

  beforeAll(async () => {
    service = await startClusterService(pdps.map(({ url }) => url))
  })
  afterAll(() => service?.stop())

  const pepOf = (pdpUrl: string | readonly string[]): Pep => {
    const pep = createPep({
      issuer: processes.issuer.issuer,
      audience: 'trips',
      pdpUrl,
      credentials: { clientId: 'trips', clientSecret: 'a secret for tests' },
      timeoutMs: 5_000,
      logger: pino({ level: 'silent' }),
    })
    onTestFinished(() => pep.close())
    return pep
  }

  const ALL = 'no question fails and every answer is right, by the address of the Service and by those of the pods'
  test(ALL, { timeout: 90_000 }, async () => {
    const peps = { service: pepOf(service.url), pods: pepOf(pdps.map(({ url }) => url)) }
    const owner = { owner: `user:${world.id('A')}`, owner_persona: 'traveler/family' }
    const path = `/v1/resources/workflow/${world.tag}-rolling`
    expect((await pdp(first).call('PUT', path, { as: TRIPS, body: owner })).status).toBeLessThan(300)
    const resource = { type: 'workflow', id: `${world.tag}-rolling` }
    const headersOf = async (name: string) => ({
      authorization: `Bearer ${await processes.issuer.token({ ...world.as(name), aud: 'trips' })}`,
      'mandate-persona': 'traveler/family',
    })
    const [owners, strangers] = [await headersOf('A'), await headersOf('D')]
    const answers = new Map<string, number>()
    let isOver = false
    const ask = async (pep: Pep, headers: Readonly<Record<string, string>>, who: string): Promise<void> => {
      const answer = await pep.decide({ headers, action: 'read', resource }).then(
        (decided) => (decided.permitted ? 'permitted' : `refused with ${decided.problem.status}`),
        (error: unknown) => String(error),
      )
      answers.set(`${who}: ${answer}`, (answers.get(`${who}: ${answer}`) ?? 0) + 1)
    }
    const token = await processes.issuer.token(TRIPS)
    const question = JSON.stringify({ ...world.question({ subject: 'A', action: 'read' }), resource })
    const askers = [
      ...Object.entries(peps).map(async ([by, pep]) => {
        while (!isOver) {
          await ask(pep, owners, `${by}, owner`)
          await ask(pep, strangers, `${by}, stranger`)
        }
      }),
      (async () => {
        while (!isOver) {
          const answer = await askOnce(`${service.url}/access/v1/evaluation`, token, question)
          answers.set(`connections: ${answer}`, (answers.get(`connections: ${answer}`) ?? 0) + 1)
        }
      })(),
    ]
    const ended: string[] = []
    try {
      for (const one of pdps) {
        const [how] = await Promise.all([one.replace(), service.remove(one.url, LATE_CONNECTIONS)])
        ended.push(how)
        service.add(one.url)
      }
    } finally {
      isOver = true
      await Promise.all(askers)
    }
    expect(ended).toEqual(['exit 0', 'exit 0', 'exit 0'])
    expect([...answers.keys()].toSorted()).toEqual([
      'connections: 200 true',
      'pods, owner: permitted',
      'pods, stranger: refused with 403',
      'service, owner: permitted',
      'service, stranger: refused with 403',
    ])
  })
})

test('what `helm test` runs passes at a PDP that is ready, and at nothing else', async () => {
  const script = readFileSync(join(import.meta.dirname, '../../deploy/helm/mandate/files/ask.mjs'), 'utf8')
  const args = ['--input-type=module', '--eval', script]
  const askAt = (url: string) => tryCommand(process.execPath, args, { env: { MANDATE_PDP_URL: url } })
  expect(await askAt(pdp(first).url)).toMatchObject({ ok: true })
  expect(await askAt('http://127.0.0.1:1')).toMatchObject({ ok: false })
})

/** Asks on a connection of its own, and once: as a client without a pool and without retries. */
async function askOnce(url: string, token: string, body: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  try {
    const sent = request(url, { method: 'POST', agent: false, headers }).end(body)
    const [res] = (await once(sent, 'response')) as [IncomingMessage]
    return `${res.statusCode} ${JSON.parse(await text(res)).decision}`
  } catch (error) {
    return String(error)
  }
}

const exported = (call: Call, as: string) => call('GET', '/v1/subjects/me/export', { as })

async function logOut({ url }: PdpProcess, ended: { readonly sid: string } | { readonly sub: string }) {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: processes.issuer.issuer, aud: 'desktop', iat: now, exp: now + 120, jti: randomUUID() }
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const token = await processes.issuer.sign({ sub: world.id('A'), ...claims, ...ended, events }, { typ: 'logout+jwt' })
  const body = new URLSearchParams({ logout_token: token })
  return (await fetch(`${url}/backchannel-logout`, { method: 'POST', body })).status
}

/**
 * Makes a change while all PDPs are asked all the time. From the first answer with the later reason on, whichever PDP gave it, no PDP answers a
 * request that was sent after it with the former reason.
 */
async function whileAsked(later: string, change: () => Promise<Answer>): Promise<Answer> {
  const answers: { readonly by: number; readonly sent: number; readonly got: number; readonly reason: string }[] = []
  let isOver = false
  const askers = pdps.map(async ({ call }, by) => {
    while (!isOver) {
      const sent = performance.now()
      const { body } = await evaluation(OWNERS)(call)
      answers.push({ by, sent, got: performance.now(), reason: body.context?.reason ?? body.code })
    }
  })
  const heard = (count: number) => () => pdps.every((_, by) => answers.filter((one) => one.by === by).length > count)
  await expect.poll(heard(3)).toBe(true)
  const changed = await change()
  expect(changed.status, changed.text).toBe(200)
  await expect
    .poll(heard(Math.max(...pdps.map((_, by) => answers.filter((one) => one.by === by).length)) + 3))
    .toBe(true)
  isOver = true
  await Promise.all(askers)
  const known = Math.min(...answers.filter((one) => one.reason === later).map(({ got }) => got))
  expect(answers.filter((one) => one.sent > known && one.reason !== later)).toEqual([])
  expect(new Set(answers.map((one) => one.reason)).size).toBe(2)
  return changed
}

/**
 * Two PDPs on one PostgreSQL: one is killed at each step of a change (`docs/consistency.md`, *Crash points*). The other one finishes or undoes the change,
 * leaves nothing pending, and its lists say what its decisions say. The same request, sent again with the same `Idempotency-Key`, then leads to what was
 * asked for.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, type Service, spawnService } from '@mandate/stack'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { type BadLine, startBadLine } from '../fixtures/bad-line.ts'
import { packFolder } from '../fixtures/packs.ts'
import { type Answer, createCall, environment, type TestPdp } from '../fixtures/pdp.ts'
import { PENDING_IN_STORE } from '../fixtures/pending.ts'
import { type Moment, type PostgresLine, startPostgresLine } from '../fixtures/postgres-line.ts'
import { type Several, startSeveral } from '../fixtures/several.ts'
import { World } from '../fixtures/world.ts'

const FLIGHT = { subject: 'B', action: 'execute', item: 'flight' } as const
const OPERATOR = { sub: 'staff-operator', azp: 'desktop', roles: ['operator'] }
const RECORDS = { sub: 'service-account-records', azp: 'records', svc: 'records' }
const PACKS = fileURLToPath(new URL('../../pdp/policies', import.meta.url))

/** A PDP that is killed, behind lines of its own. */
interface Victim {
  readonly service: Service
  readonly postgresLine: PostgresLine
  readonly openFgaLine: BadLine
  readonly call: TestPdp['call']
  /** Settles when it runs again. */
  ready: Promise<unknown>
}

const closing = new AsyncDisposableStack()
let dir: string
let several: Several
let survivor: TestPdp
let victims: readonly Victim[]
let victim: Victim
let world: World
/** Calls go to the PDP that is killed. */
let toVictim = false
/** `Idempotency-Key` of the requests. */
let key: string | undefined

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-kill-one-'))
  closing.defer(() => rmSync(dir, { recursive: true, force: true }))
  cpSync(PACKS, join(dir, 'policies'), { recursive: true })
  several = await startSeveral()
  closing.defer(() => several.stop())
  survivor = await several.start('survivor', { env: packs() })
  victims = await Promise.all([startVictim('one'), startVictim('two')])
  const send: TestPdp['call'] = (method, path, options) => {
    const call = toVictim ? victim.call : survivor.call
    return call(method, path, key === undefined ? options : { ...options, headers: { 'idempotency-key': key } })
  }
  world = new World({ call: send, now: Date.now, advance: () => undefined })
  await world.begin()
})
afterAll(async () => {
  await Promise.allSettled((victims ?? []).map(({ ready }) => ready))
  await closing.disposeAsync()
})

const packs = () => ({
  PDP_PACKS: [packFolder('certification'), join(dir, 'policies/travel')].join(','),
  PDP_SERVICES: 'records=record,trips=workflow+workflow_item+travel_account',
})

async function startVictim(name: string): Promise<Victim> {
  const postgresLine = await startPostgresLine(several.postgres.url)
  closing.defer(() => postgresLine.stop())
  const openFgaLine = await startBadLine(inject('openFga').url)
  closing.defer(() => openFgaLine.stop())
  const url = `http://127.0.0.1:${await freePort()}`
  const service = await spawnService({
    name: `pdp-${name}`,
    entry: 'pdp/src/main.ts',
    env: {
      ...environment({ ...inject('openFga'), url: openFgaLine.url }, several.issuer, join(dir, `data-${name}`)),
      ...several.env,
      ...packs(),
      PDP_STORE_URL: postgresLine.url,
      PDP_LOG_ORIGIN: `test.invalid/${name}`,
      PDP_PORT: new URL(url).port,
      LOG_LEVEL: 'warn',
    },
    readyUrl: `${url}/readyz`,
    readyTimeoutMs: 60_000,
    logFile: join(dir, `pdp-${name}.log`),
  })
  closing.defer(() => service.kill())
  return { service, postgresLine, openFgaLine, call: createCall(() => url, several.issuer), ready: Promise.resolve() }
}

beforeEach(async () => {
  // The other one, while the one that was just killed starts again.
  victim = victims.find((one) => one !== victim) ?? expect.unreachable()
  await victim.ready
  // A trip of its own, without grants of other rows.
  await world.trip('T', 'A', 'traveler/family')
  for (const id of await liveIds('A')) await world.call('POST', `/v1/grants/${id}/revoke`, world.as('A'), {})
})

async function liveIds(delegator: string, more = ''): Promise<readonly string[]> {
  const { items } = (
    await world.call('GET', `/v1/grants?delegator=${world.ref(delegator)}${more}`, world.as(delegator))
  ).body
  return items.map(({ id }: { readonly id: string }) => id)
}

const toB = async (): Promise<number> => (await liveIds('A', `&delegate=${world.ref('B')}`)).length
const reason = async (): Promise<string> => (await world.ask(FLIGHT)).body.context.reason
const permits = async (subject: string): Promise<boolean> => (await world.ask({ ...FLIGHT, subject })).body.decision

interface Change {
  readonly name: string
  readonly before: () => Promise<unknown>
  /** One request. */
  readonly change: () => Promise<Answer>
  /** What lists and decisions say before the request is sent again: both the same. */
  readonly agrees: () => Promise<void>
  /** Answers of the same request sent again. @default 200, 201, 204 */
  readonly again?: readonly number[]
  /** What must be so in the end. */
  readonly after: () => Promise<void>
  /** How many transactions it takes. Each but the last has steps after it. */
  readonly commits: number
  /** Whether it writes tuples. */
  readonly writes: boolean
}

const grant = () => world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })
const agent = (id: string, status: string) =>
  world.call('PATCH', `/v1/agents/${world.id(id)}`, world.staff('operator'), { status })
const statusOf = async (id: string): Promise<string> => {
  const { items } = (await world.call('GET', '/v1/agents', world.staff('operator'))).body
  return items.find((one: { readonly id: string }) => one.id === world.id(id)).status
}

async function grantsAgree(): Promise<void> {
  expect(await toB()).toBe((await reason()) === 'delegated' ? 1 : 0)
}

/** An agent with a grant is suspended or resumed. */
function ofAgent(name: string, id: string, from: string, to: string): Change {
  const agrees = async () => expect(await permits(id)).toBe((await statusOf(id)) === 'active')
  return {
    name,
    before: async () => {
      await agent(id, 'active')
      await world.grant({ from: 'A', to: id, actions: ['execute'], unattended: true })
      if (from !== 'active') await agent(id, from)
    },
    change: () => agent(id, to),
    agrees,
    after: async () => {
      expect(await statusOf(id)).toBe(to)
      await agrees()
    },
    commits: 2,
    writes: true,
  }
}

let reader = ''
const readerFact = () => ({
  subject: { type: 'user', id: reader },
  relation: 'reader',
  resource: { type: 'record', id: `of-${reader}` },
})
const mayRead = async (): Promise<boolean> => {
  const { subject, resource } = readerFact()
  const body = { subject, action: { name: 'read' }, resource }
  return (await world.call('POST', '/access/v1/evaluation', RECORDS, body)).body.decision
}

let gone = ''
const goneAs = () => ({ sub: gone, azp: 'desktop' })
const exported = async (): Promise<number> => (await world.call('GET', '/v1/subjects/me/export', goneAs())).status

let keyId = ''
let secret = ''
const keyBody = () => ({
  name: `key-${world.tag}`,
  types: ['workflow', 'workflow_item'],
  expires_at: new Date(
    Date.parse('2000-01-01') + Math.ceil((Date.now() - Date.parse('2000-01-01')) / 86_400_000 + 2) * 86_400_000,
  ).toISOString(),
})
const keyWorks = async (): Promise<boolean> => {
  const body = world.question(FLIGHT)
  return (await survivor.call('POST', '/access/v1/evaluation', { as: secret, body })).status === 200
}
const keyIsLive = async (): Promise<boolean> => {
  const { items } = (await world.call('GET', '/v1/keys', OPERATOR)).body
  return items.find(({ id }: { readonly id: string }) => id === keyId).revoked_at === undefined
}

let invitation = ''
const WITH = 'traveler:\n    assume: self\n    own: [read, create, update, execute]'
const WITHOUT = 'traveler:\n    assume: self\n    own: [read, create, update]'
const manifest = () => join(dir, 'policies/travel/manifest.yaml')
const load = () => world.call('POST', '/v1/policies/load', OPERATOR)
const swapManifest = (from: string, to: string): void =>
  writeFileSync(manifest(), readFileSync(manifest(), 'utf8').replace(from, to))

const CHANGES: readonly Change[] = [
  {
    name: 'the issue of a grant',
    before: async () => undefined,
    change: grant,
    agrees: grantsAgree,
    again: [201, 409],
    after: async () => expect([await toB(), await reason()]).toEqual([1, 'delegated']),
    commits: 2,
    writes: true,
  },
  {
    name: 'a revocation',
    before: grant,
    change: () => world.revoke('ab', 'A'),
    agrees: grantsAgree,
    after: async () => expect([await toB(), await reason()]).toEqual([0, 'grant_revoked']),
    commits: 2,
    writes: true,
  },
  {
    name: 'a replacement of a grant',
    before: () => world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['read'] }),
    change: () => world.grant({ from: 'A', to: 'B', actions: ['execute'], replaces: world.named.get('ab') ?? '' }),
    agrees: async () => {
      const [id, ...others] = await liveIds('A', `&delegate=${world.ref('B')}`)
      expect(others).toEqual([])
      expect(await reason()).toBe(id === world.named.get('ab') ? 'grant_action' : 'delegated')
    },
    again: [201, 409],
    after: async () => expect([await toB(), await reason()]).toEqual([1, 'delegated']),
    commits: 2,
    writes: true,
  },
  ofAgent('the suspension of an agent', 'X', 'active', 'suspended'),
  ofAgent('the return of a suspended agent', 'X2', 'suspended', 'active'),
  {
    name: 'a transfer of a resource',
    before: () => world.trip('moved', 'A', 'traveler/family'),
    change: () => world.transfer('moved', 'D'),
    agrees: async () => {
      const owners = await Promise.all(
        ['A', 'D'].map((subject) => world.ask({ ...FLIGHT, subject, trip: 'moved' }).then(({ body }) => body.decision)),
      )
      expect(owners.filter((isOwner) => isOwner)).toHaveLength(1)
    },
    after: async () => expect((await world.ask({ ...FLIGHT, subject: 'D', trip: 'moved' })).body.decision).toBe(true),
    commits: 3,
    writes: true,
  },
  {
    name: 'a change of facts',
    before: async () => {
      reader = `reader-${randomUUID()}`
      expect(await mayRead()).toBe(false)
    },
    change: () => world.call('POST', '/v1/facts', RECORDS, { domain: 'certification', write: [readerFact()] }),
    agrees: async () => void (await mayRead()),
    after: async () => expect(await mayRead()).toBe(true),
    commits: 2,
    writes: true,
  },
  {
    name: 'an erasure',
    before: async () => {
      gone = `gone-${randomUUID()}`
      const persona = { title: 'traveler', circle: 'family' }
      expect((await world.call('POST', '/v1/personas', goneAs(), persona)).status).toBe(201)
      await world.trip('shared', 'D', 'traveler/family')
      const given = await world.grant({
        name: 'toGone',
        from: 'D',
        to: `user:${gone}`,
        on: 'shared',
        actions: ['read'],
      })
      expect(given.status, given.text).toBe(201)
    },
    change: () => world.call('DELETE', '/v1/subjects/me', goneAs()),
    agrees: async () => {
      const { status } = (await world.call('GET', `/v1/grants/${world.named.get('toGone')}`, world.as('D'))).body
      expect(status).toBe((await exported()) === 401 ? 'revoked' : 'live')
    },
    // Carried out, and the token is of nobody.
    again: [200, 401],
    after: async () => expect(await exported()).toBe(401),
    commits: 3,
    writes: true,
  },
  {
    name: 'the creation of an API key',
    before: async () => undefined,
    change: () => world.call('POST', '/v1/keys', OPERATOR, keyBody()),
    agrees: async () => undefined,
    after: async () => undefined,
    commits: 1,
    writes: false,
  },
  {
    name: 'the revocation of an API key',
    before: async () => {
      const { body } = await world.call('POST', '/v1/keys', OPERATOR, keyBody())
      keyId = body.id
      secret = body.key
      expect(await keyWorks()).toBe(true)
    },
    change: () => world.call('DELETE', `/v1/keys/${keyId}`, OPERATOR),
    agrees: async () => expect(await keyWorks()).toBe(await keyIsLive()),
    after: async () => expect([await keyWorks(), await keyIsLive()]).toEqual([false, false]),
    commits: 2,
    writes: false,
  },
  {
    name: 'the confirmation of an invitation',
    before: async () => {
      const terms = { delegator_persona: 'traveler/family', scope: world.scope('T'), actions: ['execute'] }
      const { body } = await world.call('POST', '/v1/invitations', world.as('A'), { grant: terms })
      invitation = body.id
      expect((await world.call('POST', '/v1/invitations/redeem', world.as('B'), { code: body.code })).status).toBe(200)
    },
    change: () =>
      world.call('POST', `/v1/invitations/${invitation}/confirm`, world.as('A'), { redeemer: world.ref('B') }),
    agrees: grantsAgree,
    after: async () => {
      const { items } = (await world.call('GET', '/v1/invitations', world.as('A'))).body
      const { status, grant_id: id } = items.find((one: { readonly id: string }) => one.id === invitation)
      expect([status, [id], await reason()]).toEqual(['confirmed', await liveIds('A'), 'delegated'])
    },
    commits: 3,
    writes: true,
  },
  {
    name: 'policies that are put in force',
    before: async () => {
      swapManifest(WITHOUT, WITH)
      await load()
      expect(await permits('A')).toBe(true)
      swapManifest(WITH, WITHOUT)
    },
    change: load,
    agrees: async () => {
      const { items } = (await world.call('GET', '/v1/policies', OPERATOR)).body
      expect(items.filter((one: { readonly in_force: boolean }) => one.in_force)).toHaveLength(1)
    },
    after: async () => {
      expect(await permits('A')).toBe(false)
      swapManifest(WITHOUT, WITH)
      await load()
      expect(await permits('A')).toBe(true)
    },
    commits: 1,
    writes: false,
  },
]

/** Where the PDP is killed: at a commit of its transactions, or at a Write to OpenFGA that arrived (`mute`) or did not (`stall`). */
type Place = readonly ['commit', number, Moment] | readonly ['write', 'stall' | 'mute']

/** After the first commit, and before each further one. Before the first nothing has happened, which is tried where there is no other. */
const commitsOf = ({ commits }: Change): readonly Place[] => [
  ...(commits === 1 ? [['commit', 1, 'before'] as const] : []),
  ['commit', 1, 'after'],
  ...Array.from({ length: commits - 1 }, (_, index): Place => ['commit', index + 2, 'before']),
]

/** Resolves when the victim has come to the place. */
async function reached(place: Place, writes = 1): Promise<void> {
  const { postgresLine, openFgaLine } = victim
  if (place[0] === 'commit') return postgresLine.silentAt(place[1], place[2])
  const [, how] = place
  const count = () => (how === 'mute' ? openFgaLine.done('/write') : openFgaLine.seen('/write'))
  const before = count()
  openFgaLine.behave((path) => (path.endsWith('/write') ? how : 'pass'))
  await expect.poll(count).toBeGreaterThanOrEqual(before + writes)
}

/** Kills the victim at the place, lets the other PDP finish, and sends the same requests again. */
async function killAt(place: Place, changes: readonly Change[]): Promise<void> {
  for (const { before } of changes) await before()
  const keys = changes.map(() => randomUUID())
  const { service, postgresLine, openFgaLine } = victim
  const there = reached(place, changes.length)
  toVictim = true
  const sent = changes.map(({ change }, index) => {
    key = keys[index]
    return change().catch(() => undefined)
  })
  toVictim = false
  key = undefined
  await there
  await service.kill()
  expect(await Promise.all(sent)).toEqual(changes.map(() => undefined))
  postgresLine.clear()
  openFgaLine.behave(() => 'pass')
  // A start fails when the machine is so busy that PostgreSQL ends a silent connection; a supervisor would try again.
  victim.ready = service.restart().catch(() => service.restart())
  victim.ready.catch(() => undefined)
  await expect.poll(() => several.postgres.query(several.postgres.url, PENDING_IN_STORE)).toBe('')
  for (const [index, { name, change, agrees, again = [200, 201, 204], after }] of changes.entries()) {
    await agrees()
    key = keys[index]
    const answer = change()
    key = undefined
    expect(again, `${name}: ${(await answer).text}`).toContain((await answer).status)
    await after()
  }
  expect(await several.postgres.query(several.postgres.url, PENDING_IN_STORE)).toBe('')
}

const ROWS = CHANGES.flatMap((change) =>
  commitsOf(change).map((place) => [change.name, place.join(' '), change, place] as const),
)

test.for(ROWS)('%s, killed at %s', ([, , change, place]) => killAt(place, [change]))

const namesOf = (group: readonly Change[]): string => group.map(({ name }) => name).join(', ')

/** Of those that wait for one lock, one at a time. */
const GROUPS = [
  ['the issue of a grant', 'the suspension of an agent', 'a transfer of a resource', 'a change of facts', 'an erasure'],
  ['a replacement of a grant', 'the return of a suspended agent'],
  ['the confirmation of an invitation'],
  ['a revocation'],
].map((names) => names.map((name) => CHANGES.find((change) => change.name === name) ?? expect.unreachable()))

const grouped = new Set(GROUPS.flat())
const missing = CHANGES.filter((change) => change.writes && !grouped.has(change))
if (missing.length > 0) throw new Error(`no group has ${namesOf(missing)}`)

test.for(GROUPS.flatMap((group) => (['stall', 'mute'] as const).map((how) => [namesOf(group), how, group] as const)))(
  '%s, killed at write %s',
  ([, how, group]) => killAt(['write', how], group),
)

test.for(GROUPS.map((group) => [namesOf(group), group] as const))(
  '%s: the answer of every Write is lost, and what is answered is what happened',
  async ([, group]) => {
    for (const { before } of group) await before()
    victim.openFgaLine.behave((path, body) =>
      path.endsWith('/write') && !body.includes('"withdrawn"') ? 'lose' : 'pass',
    )
    toVictim = true
    const sent = group.map(({ change }) => change())
    toVictim = false
    for (const [index, answer] of (await Promise.all(sent)).entries())
      expect(answer.status, `${group[index]?.name}: ${answer.text}`).toBeLessThan(300)
    victim.openFgaLine.behave(() => 'pass')
    for (const { agrees, after } of group) {
      await agrees()
      await after()
    }
    await expect.poll(() => several.postgres.query(several.postgres.url, PENDING_IN_STORE)).toBe('')
  },
)

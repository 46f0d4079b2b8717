import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { answerJson, aSignedInWorld, PERSONA, temporaryFolder } from './core.fixture.ts'

const RUN = {
  id: '01J00000000000000000000000',
  workflow: 'trip',
  status: 'running',
  dry_run: false,
  subject: 'user:alice-sub',
  started_at: '2026-01-01T00:00:00Z',
  items: [],
}
const WAIT = { timeout: 20_000, interval: 10 }

let world: Awaited<ReturnType<typeof aSignedInWorld>>
beforeEach(async () => {
  world = await aSignedInWorld()
})

const call = (name: string, input?: unknown) => world.call(name, input)
const asked = (path: string) => world.asked(path)
const problem = (more: object) => ({ ok: false, problem: expect.objectContaining(more) })

test('a run is followed to its end, over a stream that breaks off', async () => {
  const events = '/runs/01J00000000000000000000000/events'
  const line = (run: object) => `event: run\ndata: ${JSON.stringify(run)}\n\n`
  let times = 0
  world.services.on('/runs', (_req, res) => answerJson(res, 202, RUN))
  world.services.on(events, (_req, res) => {
    times += 1
    const ended = { ...RUN, status: 'done', ended_at: '2026-01-01T00:01:00Z' }
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    if (times === 1) res.write(line(RUN), () => res.destroy())
    else res.end(`:\r\n\r\n${line(ended)}`)
  })
  expect(await call('runs.start', { agent: 'agent', trip: 'trip' })).toMatchObject({ value: { agent: 'agent' } })
  const told = () =>
    world.events.flatMap(([name, event]) => (name === 'run' ? [(event as { status: string }).status] : []))
  await expect.poll(told, WAIT).toEqual(['running', 'running', 'done'])
  expect(asked('/runs')[0]?.headers).toMatchObject({ prefer: 'respond-async' })
})

test('activity goes on behind the last entry that came', async () => {
  const entry = (index: number) => ({
    v: 1,
    id: `01J0000000000000000000000${index}`,
    at: '2026-01-01T00:00:00Z',
    kind: index === 1 ? 'grant_issued' : 'evaluation',
    index,
    ...(index === 1 ? {} : { action: 'execute' }),
  })
  const lines = (index: number) => `id: pos-${index}\ndata: ${JSON.stringify(entry(index))}\n\n`
  let times = 0
  world.services.on('/v1/decisions/stream', (_req, res) => {
    times += 1
    if (times === 2) res.writeHead(200).write(lines(2))
    else res.writeHead(200).end(`: here\nid: pos-0\n\n${lines(1)}`)
  })
  const core = await world.restart()
  const told: unknown[] = []
  core.listen((name, event) => void (name === 'session' || told.push([name, event])))
  await core.call('session.read', undefined)
  await expect
    .poll(() => told, WAIT)
    .toEqual([
      ['activity', entry(1)],
      ['changed', { what: 'grants' }],
      ['activity', entry(2)],
      ['changed', { what: 'trips' }],
    ])
  expect(asked('/v1/decisions/stream').at(-1)?.headers['last-event-id']).toBe('pos-1')
})

test('grants are read again when the PDP says that they permit more or less, and when a stream ends the session is checked', async () => {
  let times = 0
  world.services.on('/v1/decisions/stream', (_req, res) => {
    times += 1
    if (times === 1) res.writeHead(200).end('id: pos-1\n\nevent: grants\ndata: {}\n\n')
    else res.writeHead(200).write(': here\n\n')
  })
  const core = await world.restart()
  const told: unknown[] = []
  core.listen((name, event) => void (name === 'session' || told.push([name, event])))
  await core.call('session.read', undefined)
  await expect.poll(() => told, WAIT).toEqual([['changed', { what: 'grants' }]])
  await expect.poll(() => asked('/v1/decisions/stream').at(-1)?.headers['last-event-id'], WAIT).toBe('pos-1')
})

test('a grant that ends within a day is told of once', async () => {
  const grant = (id: string, hours: number, delegator: string) => ({
    id,
    status: 'live',
    delegator,
    delegate: 'user:bob',
    owner: delegator,
    actions: ['read'],
    scope: 'workflow:t',
    limits: [],
    expires_at: new Date(Date.now() + hours * 3_600_000).toISOString(),
    redelegations: 0,
    unattended: false,
    created_at: '2026-01-01T00:00:00Z',
  })
  const soon = grant('01J00000000000000000000001', 23, 'user:alice-sub')
  const later = grant('01J00000000000000000000002', 25, 'user:alice-sub')
  const others = grant('01J00000000000000000000003', 1, 'user:carol')
  world.services.on('/v1/grants', (_req, res) => answerJson(res, 200, { items: [soon, later, others] }))
  const core = await world.restart({ pollMs: 20 })
  const told: unknown[] = []
  core.listen((name, event) => void (name === 'expiring' && told.push(event)))
  await core.call('session.read', undefined)
  await expect.poll(() => asked('/v1/grants').length, WAIT).toBeGreaterThan(4)
  expect(told).toEqual([{ grants: [soon] }])
})

test.for([
  ['mandate://invitation#mi_code-1', ['mi_code-1']],
  ['mandate://invitation?code=mi_code', []],
  ['mandate://grant#mi_code', []],
  ['mi_code', []],
  ['https://evil.example/#mi_code', []],
] as const)('of the link %s the window is told %j', ([link, codes]) => {
  world.core.openLink(link)
  const told = world.events.flatMap(([name, event]) => (name === 'invitation' ? [event] : []))
  expect(told).toEqual(codes.map((code) => ({ code })))
})

test('nothing is done in a persona that cannot be acted in any more; the first that can takes its place, or none', async () => {
  const personas = (...items: object[]) =>
    world.services.on('/v1/personas', (_req, res) => answerJson(res, 200, { items }))
  const persona = async () => ((await call('session.read')) as { value: { persona?: string } }).value.persona
  personas({ ...PERSONA, status: 'suspended' }, { ...PERSONA, id: 'p2', title: 'travel-agent', circle: 'acme' })
  await call('personas.list')
  expect(await persona()).toBe('travel-agent/acme')
  personas(PERSONA, { ...PERSONA, id: 'p2', title: 'travel-agent', circle: 'acme' })
  await call('personas.list')
  expect(await persona()).toBe('travel-agent/acme')
  personas({ ...PERSONA, valid_till: '2020-01-02T00:00:00Z' })
  expect(await call('personas.choose', { persona: 'traveler/family' })).toEqual(problem({ code: 'persona_unusable' }))
  expect(await persona()).toBeUndefined()
})

describe('a file', () => {
  const exporting = async (path: string | undefined) => {
    await world.core.close()
    const host = { ...world.host, chooseFile: async () => path }
    return await world.start({ host }).call('activity.export', { format: 'csv', filter: { decision: 'deny' } })
  }

  test('is whole, for this person alone, and in the place of the one before', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'mine.csv'), 'before', { mode: 0o644 })
    world.services.on('/v1/decisions/export', (_req, res) => void res.writeHead(200).end('a,b\n1,2\n'))
    expect(await exporting(join(folder, 'mine.csv'))).toEqual({ ok: true, value: { saved: true, name: 'mine.csv' } })
    expect(readFileSync(join(folder, 'mine.csv'), 'utf8')).toBe('a,b\n1,2\n')
    expect(statSync(join(folder, 'mine.csv')).mode & 0o777).toBe(0o600)
  })

  test('that breaks off is none, and the one before stays', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'mine.csv'), 'before')
    world.services.on('/v1/decisions/export', (_req, res) => {
      res.writeHead(200)
      res.write('a,b\n', () => res.destroy())
    })
    expect(await exporting(join(folder, 'mine.csv'))).toEqual(problem({ code: 'offline' }))
    expect(readdirSync(folder)).toEqual(['mine.csv'])
    expect(readFileSync(join(folder, 'mine.csv'), 'utf8')).toBe('before')
  })

  test('that cannot be written is said so, and not which error it was', async () => {
    const got = await exporting(join(temporaryFolder(), 'no', 'such', 'folder.csv'))
    expect(got).toEqual({ ok: false, problem: { code: 'not_saved', title: 'The file cannot be written there.' } })
  })

  test('that nobody wants is not asked for', async () => {
    expect(await exporting(undefined)).toEqual({ ok: true, value: { saved: false } })
    expect(asked('/v1/decisions/export')).toEqual([])
  })
})

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { answerJson, aWorld, temporaryFolder, type World } from './core.fixture.ts'

const TRIP = {
  id: 'trip',
  template: 'milan',
  owner: 'user:alice-sub',
  created_at: '2026-01-01T00:00:00Z',
  version: 1,
  items: [],
}
const PERSONA = {
  id: 'p1',
  holder: 'user:alice-sub',
  title: 'traveler',
  circle: 'family',
  domain: 'travel',
  status: 'active',
  valid_from: '2020-01-01T00:00:00Z',
  valid_till: '2100-01-01T00:00:00Z',
  created_at: '2020-01-01T00:00:00Z',
}
const RUN = {
  id: '01J00000000000000000000000',
  workflow: 'trip',
  status: 'running',
  dry_run: false,
  subject: 'user:alice-sub',
  started_at: '2026-01-01T00:00:00Z',
  items: [],
}
const WAIT = { timeout: 5_000, interval: 10 }

let world: World
beforeEach(async () => {
  world = await aWorld()
  world.services.on('/v1/personas', (_req, res) => answerJson(res, 200, { items: [PERSONA] }))
  await world.core.call('session.signIn', undefined)
})

const call = (name: string, input?: unknown) => world.core.call(name, input)
/** The next start of the app: two at once would use each other’s refresh tokens up. */
const restart = async (timings: object = {}) => {
  await world.core.close()
  return world.start({ timings: { lookMs: 600_000, ...timings } })
}
const asked = (path: string) => world.services.asked.filter((one) => one.path === path)
/** Breaks off the first times, then answers. */
const breakingOff = (times: number, then: (res: ServerResponse) => void) => {
  let left = times
  return (_req: unknown, res: ServerResponse) => {
    left -= 1
    if (left >= 0) res.destroy()
    else then(res)
  }
}
const problem = (more: object) => ({ ok: false, problem: expect.objectContaining(more) })

describe('tries again', () => {
  test('a read that broke off', async () => {
    world.services.on(
      '/workflows',
      breakingOff(2, (res) => answerJson(res, 200, { items: [] })),
    )
    expect(await call('trips.list')).toEqual({ ok: true, value: { items: [] } })
    expect(asked('/workflows')).toHaveLength(3)
  })

  test('a change that broke off, under the same key', async () => {
    world.services.on(
      '/workflows',
      breakingOff(1, (res) => answerJson(res, 201, TRIP)),
    )
    expect(await call('trips.create', { template: 'milan' })).toMatchObject({ ok: true })
    const keys = asked('/workflows').map(({ headers }) => headers['idempotency-key'])
    expect(keys).toHaveLength(2)
    expect(keys[0]).toMatch(/^[\x21-\x7e]{16,128}$/)
    expect(new Set(keys).size).toBe(1)
  })

  test('two changes under two keys', async () => {
    world.services.on('/workflows', (_req, res) => answerJson(res, 201, TRIP))
    await call('trips.create', { template: 'milan' })
    await call('trips.create', { template: 'milan' })
    expect(new Set(asked('/workflows').map(({ headers }) => headers['idempotency-key'])).size).toBe(2)
  })

  test.for([
    ['a run that broke off, which would be two', 'runs.start', { agent: 'agent', trip: 'trip' }, '/runs'],
    ['a withdrawal that broke off', 'invitations.withdraw', { id: 'i1' }, '/v1/invitations/i1'],
  ] as const)('never: %s', async ([, name, input, path]) => {
    world.services.on(
      path,
      breakingOff(9, (res) => res.end()),
    )
    expect(await call(name, input)).toEqual(problem({ code: 'offline' }))
    expect(asked(path)).toHaveLength(1)
  })

  test.for([
    ['0', 3],
    ['60', 1],
    ['soon', 1],
  ] as const)('what answers 503 with Retry-After: %s is asked %i times', async ([retryAfter, times]) => {
    world.services.on('/runs', (_req, res) =>
      answerJson(
        res,
        503,
        { type: 'urn:x', title: 'Later.', status: 503, code: 'decision_unavailable' },
        {
          'retry-after': retryAfter,
        },
      ),
    )
    const expected = retryAfter === 'soon' ? {} : { retryAfter: Number(retryAfter) }
    expect(await call('runs.start', { agent: 'agent', trip: 'trip' })).toEqual(
      problem({ code: 'decision_unavailable', title: 'Later.', ...expected }),
    )
    expect(asked('/runs')).toHaveLength(times)
  })

  test('a refused token once, with another one', async () => {
    let refused = 0
    world.services.on('/workflows', (req, res) => {
      refused += 1
      if (refused > 1) return answerJson(res, 200, { items: [] })
      return answerJson(res, 401, { type: 'urn:x', title: 'No.', status: 401, code: 'unauthenticated', was: req.url })
    })
    expect(await call('trips.list')).toEqual({ ok: true, value: { items: [] } })
    const tokens = asked('/workflows').map(({ headers }) => headers.authorization)
    expect(new Set(tokens).size).toBe(2)
  })

  test('and no more than once', async () => {
    world.services.on('/workflows', (_req, res) =>
      answerJson(res, 401, { type: 'urn:x', title: 'No.', status: 401, code: 'unauthenticated' }),
    )
    expect(await call('trips.list')).toEqual(problem({ code: 'unauthenticated' }))
    expect(asked('/workflows')).toHaveLength(2)
  })
})

describe('an answer', () => {
  test.for([
    ['of another shape', (res: ServerResponse) => answerJson(res, 200, { items: [{ secret: 'x' }] })],
    ['that is no JSON', (res: ServerResponse) => res.writeHead(200).end('<html>')],
    ['without end', (res: ServerResponse) => res.writeHead(200).end(`"${'x'.repeat(9_000_000)}"`)],
  ] as const)('%s is not passed on', async ([, answer]) => {
    world.services.on('/workflows', (_req, res) => void answer(res))
    const got = await call('trips.list')
    expect(got).toEqual(problem({ code: 'unreadable_answer' }))
    expect(JSON.stringify(got)).not.toMatch(/secret"?:|html|xxx/)
  })

  test('that points elsewhere is not followed: the token stays', async () => {
    world.services.on('/workflows', (_req, res) => void res.writeHead(307, { location: '/elsewhere' }).end())
    expect(await call('trips.list')).toEqual(problem({ code: 'offline' }))
    expect(asked('/elsewhere')).toEqual([])
  })

  test('with a problem says what, where, and what would change it', async () => {
    world.services.on('/workflows/x', (_req, res) =>
      answerJson(res, 403, {
        type: 'urn:mandate:reason:no_grant',
        title: 'This was not permitted.',
        status: 403,
        code: 'no_grant',
        detail: 'Nobody let you.',
        field: 'id',
        reasons: [{ code: 'no_grant', cure: 'Ask the owner.' }],
      }),
    )
    expect(await call('trips.read', { id: 'x' })).toEqual({
      ok: false,
      problem: {
        code: 'no_grant',
        title: 'This was not permitted.',
        detail: 'Nobody let you.',
        field: 'id',
        cure: 'Ask the owner.',
      },
    })
  })

  test('that does not come is not waited for', async () => {
    const core = await restart({ callMs: 100 })
    world.services.on('/runs', () => undefined)
    expect(await core.call('runs.start', { agent: 'agent', trip: 'trip' })).toEqual(problem({ code: 'offline' }))
  })
})

describe('a request', () => {
  test('names the persona to services, and to the PDP only in what is asked', async () => {
    await call('trips.list')
    await call('grants.list')
    expect(asked('/workflows')[0]?.headers['mandate-persona']).toBe('traveler/family')
    expect(asked('/v1/grants')[0]?.headers['mandate-persona']).toBeUndefined()
  })

  test('has a token for its service and no other', async () => {
    await call('trips.list')
    await call('grants.list')
    const audience = (header: string | undefined) =>
      JSON.parse(Buffer.from(header?.split('.')[1] ?? '', 'base64url').toString()).aud
    expect(audience(asked('/workflows')[0]?.headers.authorization)).toBe('trips')
    expect(audience(asked('/v1/grants')[0]?.headers.authorization)).toBe('pdp')
  })

  test('to move an item names the version that was read', async () => {
    const input = { trip: 't', item: 'i', version: 7, starts_at: '2026-01-01T00:00:00Z' }
    await call('trips.reschedule', input)
    expect(asked('/workflows/t/items/i')[0]).toMatchObject({ method: 'PATCH', headers: { 'if-match': '"7"' } })
  })

  test('keeps an id in one part of the path', async () => {
    await call('trips.read', { id: '../v1/keys?x=1' })
    expect(asked('/workflows/..%2Fv1%2Fkeys%3Fx%3D1')).toHaveLength(1)
  })
})

test.for([
  ['an operation that there is not', 'trips.burn', undefined],
  ['a name of every object', 'constructor', undefined],
  ['a member too many', 'trips.read', { id: 'x', as: 'somebody' }],
  ['nothing where something is needed', 'trips.read', undefined],
] as const)('%s is no call', async ([, name, input]) => {
  expect(await call(name, input)).toEqual(problem({ code: 'bad_call' }))
})

test('what was seen stands in while a service is away, and says of when it is; changes do not', async () => {
  world.services.on('/workflows/trip', (_req, res) => answerJson(res, 200, TRIP))
  const fresh = await call('trips.read', { id: 'trip' })
  world.services.on('/workflows/trip', (_req, res) =>
    answerJson(res, 503, { type: 'urn:x', title: 'Later.', status: 503, code: 'decision_unavailable' }),
  )
  expect(await call('trips.read', { id: 'trip' })).toEqual({
    ...(fresh as object),
    stale: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  const next = await restart()
  await next.call('session.read', undefined)
  await world.services.stop()
  expect(await next.call('trips.read', { id: 'trip' })).toMatchObject({
    ok: true,
    value: TRIP,
    stale: expect.any(String),
  })
  expect(await next.call('session.read', undefined)).toMatchObject({ value: { state: 'signed_in', online: false } })
  expect(await next.call('trips.create', { template: 'milan' })).toEqual(problem({ code: 'offline' }))
  expect(await next.call('trips.read', { id: 'other' })).toEqual(problem({ code: 'offline' }))
})

test('a denial is never answered from what was seen', async () => {
  world.services.on('/workflows/trip', (_req, res) => answerJson(res, 200, TRIP))
  await call('trips.read', { id: 'trip' })
  world.services.on('/workflows/trip', (_req, res) =>
    answerJson(res, 403, { type: 'urn:x', title: 'No.', status: 403, code: 'grant_revoked' }),
  )
  expect(await call('trips.read', { id: 'trip' })).toEqual(problem({ code: 'grant_revoked' }))
})

test('of several items that are booked in person each has its own outcome', async () => {
  const denied = {
    type: 'urn:x',
    title: 'No.',
    status: 403,
    code: 'gone',
    reasons: [{ code: 'gone', reason_user: 'G' }],
  }
  world.services.on('/workflows/t/items/a/execute', (_req, res) => answerJson(res, 403, { ...denied, chain: [] }))
  world.services.on('/workflows/t/items/b/execute', (_req, res) =>
    answerJson(res, 200, { item: 'b', name: 'dinner', status: 'booked', effect: 'booked', decision: true }),
  )
  world.services.on('/workflows/t/items/c/execute', (_req, res) =>
    answerJson(res, 503, { type: 'urn:x', title: 'Later.', status: 503, code: 'decision_unavailable' }),
  )
  expect(await call('trips.execute', { id: 't', items: ['a', 'b', 'c'] })).toMatchObject({
    value: {
      items: [
        { item: 'a', decision: false, reason: 'gone', reasons: [{ code: 'gone' }] },
        { item: 'b', decision: true, effect: 'booked' },
        { item: 'c', decision: false, undecided: true, reason: 'decision_unavailable' },
      ],
    },
  })
})

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
  const core = await restart()
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
  const core = await restart({ lookMs: 20 })
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

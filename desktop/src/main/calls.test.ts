import type { ServerResponse } from 'node:http'
import { beforeEach, describe, expect, test } from 'vitest'
import { answerJson, aSignedInWorld } from './core.fixture.ts'

const TRIP = {
  id: 'trip',
  template: 'milan',
  owner: 'user:alice-sub',
  created_at: '2026-01-01T00:00:00Z',
  version: 1,
  items: [],
}
let world: Awaited<ReturnType<typeof aSignedInWorld>>
beforeEach(async () => {
  world = await aSignedInWorld()
})

const call = (name: string, input?: unknown) => world.call(name, input)
const asked = (path: string) => world.asked(path)
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
    const core = await world.restart({ callMs: 100 })
    world.services.on('/runs', () => undefined)
    expect(await core.call('runs.start', { agent: 'agent', trip: 'trip' })).toEqual(problem({ code: 'offline' }))
  })
})

test('the security policy is opened where the settings name one, and no other address can be', async () => {
  const opened: string[] = []
  const host = { ...world.host, openExternal: async ({ href }: URL) => void opened.push(href) }
  const securityPolicy = 'https://example.org/security'
  expect(await call('app.setup')).toMatchObject({ value: { hasSecurityPolicy: false } })
  expect(await call('app.open', { what: 'security-policy' })).toEqual(problem({ code: 'not_found' }))
  await world.core.close()
  const named = world.start({ host, config: { ...world.options.config, securityPolicy } })
  expect(await named.call('app.setup', undefined)).toMatchObject({ value: { hasSecurityPolicy: true } })
  expect(await named.call('app.open', { what: 'security-policy' })).toMatchObject({ ok: true })
  expect(await named.call('app.open', { what: 'https://evil.example/' })).toEqual(problem({ code: 'bad_call' }))
  expect(opened).toEqual([securityPolicy])
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
  const next = await world.restart()
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

describe('a name that would say something else than who it is', () => {
  const bad = { party: 'user:carla-sub', name: 'Carla \u202Egro.live', note: '' }

  test('is refused, by its field, and nothing is kept', async () => {
    expect(await call('contacts.save', bad)).toEqual(problem({ code: 'invalid_request', field: 'name' }))
    expect(await call('contacts.save', { ...bad, name: 'you' })).toEqual(problem({ field: 'name' }))
    expect(await call('contacts.save', { ...bad, name: 'Carla', note: 'a\u0000' })).toEqual(problem({ field: 'note' }))
    expect(await call('contacts.list')).toEqual({ ok: true, value: { items: [] } })
  })

  test('uses up no invitation, and confirms nobody', async () => {
    const code = `mi_${'A'.repeat(43)}`
    expect(await call('invitations.redeem', { code, name: 'you' })).toEqual(problem({ field: 'name' }))
    const confirmation = { id: '01K00000000000000000000000', redeemer: 'user:carla-sub', name: 'Y\u200Dou' }
    expect(await call('invitations.confirm', confirmation)).toEqual(problem({ field: 'name' }))
    expect(world.services.asked.filter(({ path }) => path.includes('invitations'))).toEqual([])
  })
})

/** Look-ups from a person to their pseudonym: two auditors, a case number, a day, and an entry for each step. */
import { describe, expect, test } from 'vitest'
import { run } from '../../cli/src/program.ts'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { useSuite } from '../fixtures/suite.ts'

const auditorNamed = (name: string): TokenClaims => ({ sub: `auditor-${name}`, azp: 'console', roles: ['auditor'] })
const [ASKS, APPROVES, THIRD] = [auditorNamed('asks'), auditorNamed('approves'), auditorNamed('third')]
const DAY_MS = 86_400_000
const suite = useSuite()

const post = (path: string, as: TokenClaims, body?: unknown) => suite.world.call('POST', `/v1/lookups${path}`, as, body)
const ask = async (sub = suite.world.id('A')): Promise<string> =>
  (await post('', ASKS, { case: 'C-2026/17', sub })).body.id
const approve = (id: string, as = APPROVES, sub = suite.world.id('A')) => post(`/${id}/approve`, as, { sub })
const read = (id: string, as = ASKS) => post(`/${id}/read`, as)
const pseudonymOfA = async (): Promise<string> =>
  (await suite.world.call('GET', '/v1/subjects/me/export', suite.world.as('A'))).body.pseudonym

test('one auditor asks, another approves, the first reads the pseudonym; each step is an entry, the person in the last alone', async () => {
  const id = await ask()
  expect((await approve(id)).body).toMatchObject({ id, status: 'approved', mine: false })
  const pseudonym = await pseudonymOfA()
  expect((await read(id)).body).toEqual({ id, case: 'C-2026/17', pseudonym: pseudonym.slice('user:'.length) })
  const { body } = await suite.world.call('GET', '/v1/decisions?kind=lookup_changed', THIRD)
  const steps = body.entries.filter(({ target }: { target: string }) => target === id).reverse()
  expect(steps.map(({ change }: { change: unknown }) => change)).toEqual([
    { case: 'C-2026/17', status: 'asked' },
    { case: 'C-2026/17', status: 'approved' },
    { case: 'C-2026/17', status: 'read', person: pseudonym },
  ])
  expect(JSON.stringify(steps)).not.toContain(suite.world.id('A'))
})

describe('refused is', () => {
  test('approving one`s own', async () => {
    expect((await approve(await ask(), ASKS)).body.code).toBe('forbidden')
  })

  test('approving for another person than the one that was asked about', async () => {
    const id = await ask()
    expect((await approve(id, APPROVES, suite.world.id('B'))).body.code).toBe('conflict')
    expect((await read(id)).body.code).toBe('conflict')
  })

  test('approving twice', async () => {
    const id = await ask()
    expect((await approve(id)).status).toBe(200)
    expect((await approve(id, THIRD)).body.code).toBe('conflict')
  })

  test('reading before the approval, and by any other auditor', async () => {
    const id = await ask()
    expect((await read(id)).body.code).toBe('conflict')
    await approve(id)
    for (const other of [APPROVES, THIRD]) expect((await read(id, other)).body.code).toBe('forbidden')
  })

  test('a token that reads only', async () => {
    const readsOnly = { ...ASKS, azp: 'auditor', scope: 'audit' }
    expect((await post('', readsOnly, { case: 'C-1', sub: suite.world.id('A') })).status).toBe(403)
  })

  test('anything a day later, to the millisecond', async () => {
    const [waits, approved] = [await ask(), await ask()]
    await approve(approved)
    suite.tpdp.advance(DAY_MS - 1)
    expect((await read(approved)).status).toBe(200)
    suite.tpdp.advance(1)
    expect((await approve(waits)).body.code).toBe('not_found')
    expect((await read(approved)).body.code).toBe('not_found')
    expect((await suite.world.call('GET', '/v1/lookups', ASKS)).body.items).toEqual([])
  })

  test('a case number that is none, or a person`s identifier', async () => {
    for (const number of ['', 'x'.repeat(25), 'anna@example.com', 'of whom?'])
      expect((await post('', ASKS, { case: number, sub: 'x' })).status).toBe(400)
  })
})

test('somebody unknown looks like a known person until the end, and is then not found', async () => {
  const unknown = 'nobody-knows-this-sub'
  const [known, other] = [
    await post('', ASKS, { case: 'C-1', sub: suite.world.id('A') }),
    await post('', ASKS, { case: 'C-1', sub: unknown }),
  ]
  expect(Object.keys(other.body)).toEqual(Object.keys(known.body))
  expect((await approve(other.body.id, APPROVES, unknown)).status).toBe(200)
  expect((await read(other.body.id)).body).toEqual({ id: other.body.id, case: 'C-1' })
})

test('a person who is erased meanwhile is not found any more', async () => {
  const sub = `passes-by-${suite.world.tag}`
  await suite.world.call('GET', '/v1/subjects/me/export', { sub, azp: 'desktop' })
  const id = await ask(sub)
  await approve(id, APPROVES, sub)
  expect((await suite.world.call('DELETE', '/v1/subjects/me', { sub, azp: 'desktop' })).status).toBe(200)
  expect((await read(id)).body.code).toBe('not_found')
})

describe('mandate log lookup', () => {
  async function mandate(as: TokenClaims, ...argv: readonly string[]) {
    const printed = { out: '', err: '' }
    const { tpdp } = suite
    const exit = await run(['log', 'lookup', ...argv], {
      out: (text) => {
        printed.out += text
      },
      err: (text) => {
        printed.err += text
      },
      environment: { MANDATE_PDP: tpdp.pdp.url, MANDATE_TOKEN: await tpdp.issuer.token(as) },
    })
    return { exit, ...printed }
  }
  const [asks, approves] = [ASKS, APPROVES].map((claims) => ({ ...claims, azp: 'mandate-cli' })) as [
    TokenClaims,
    TokenClaims,
  ]

  test('requests, approves, lists and shows, with the command of the next step', async () => {
    const person = `user:${suite.world.id('A')}`
    const requested = await mandate(asks, 'request', person, '--case', 'C-9')
    expect(requested).toMatchObject({ exit: 0, out: expect.stringMatching(/^Look-up \w{26} for case C-9 waits/u) })
    const id = requested.out.split(' ')[1] ?? ''
    expect(requested.out).toContain(`mandate log lookup approve ${id} user:SUB`)
    expect((await mandate(asks, 'list')).out).toMatch(/C-9 +asked +you +.* UTC +another auditor approves +/u)
    expect(await mandate(asks, 'show', id)).toMatchObject({ exit: 65, out: '' })
    expect(await mandate(approves, 'approve', id, person)).toMatchObject({ exit: 0 })
    const { pseudonym } = JSON.parse((await mandate(asks, 'show', id, '--json')).out)
    expect(`user:${pseudonym}`).toBe(await pseudonymOfA())
    expect((await mandate(asks, 'show', id)).out).toContain(`mandate log query --subject user:${pseudonym}`)
    const [listed] = JSON.parse((await mandate(approves, 'list', '--json')).out)
    expect(listed).toMatchObject({ id, status: 'approved', mine: false })
  })

  test('refuses what is no person before it asks, and people without the role', async () => {
    expect(await mandate(asks, 'request', 'agent:x', '--case', 'C-9')).toMatchObject({ exit: 64 })
    expect(await mandate(asks, 'show', 'C-9')).toMatchObject({
      exit: 64,
      err: expect.stringContaining('26 characters'),
    })
    const person = suite.world.as('A')
    expect(await mandate(person, 'list')).toMatchObject({ exit: 77, out: '' })
    expect((await mandate(asks, 'list', '--help')).out).toContain('mandate log lookup list --json')
    expect((await mandate(asks, '--help')).out).toContain('The PDP does not know login names')
  })
})
